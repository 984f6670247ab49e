import type { Platform } from "@sealserve/platform";

/** A platform that gives back the report data in a recognisable wrapping, and counts how it is used. */
export interface TestPlatform extends Platform {
  readonly quoted: Uint8Array[];
  /** Quotes being made now, and the most there ever were. */
  readonly load: { now: number; most: number };
  /** Awaited by every quote. */
  gate: Promise<void>;
}

export function testPlatform(): TestPlatform {
  const platform: TestPlatform = {
    tee: "sgx",
    name: "test platform",
    simulated: true,
    quoted: [],
    load: { now: 0, most: 0 },
    gate: Promise.resolve(),
    quote: async (reportData) => {
      platform.load.most = Math.max(platform.load.most, ++platform.load.now);
      await platform.gate;
      await new Promise((resolve) => setTimeout(resolve, 1));
      platform.load.now--;
      platform.quoted.push(reportData);
      return Buffer.concat([Buffer.from("quote:"), reportData]);
    },
    close: async () => undefined,
  };
  return platform;
}
