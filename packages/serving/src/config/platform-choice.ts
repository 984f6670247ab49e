import type { ConfigMapping, ConfigValue } from "@sealserve/config";
import type { PlatformChoice } from "@sealserve/platform";

const HARDWARE = ["auto", "gramine", "tdx", "snp"] as const;
const WITH_VALUE = ["gramine", "tdx", "snp", "simulated"] as const;
const MAXIMUM_VMPL = 3;

/**
 * Reads where a node's evidence comes from; Gramine when nothing is stated. A simulated platform is never chosen unless it
 * is named.
 *
 * ```yaml
 * platform: gramine                                # or tdx, snp, or auto: the one that is there
 * platform: { gramine: /dev/attestation }          # with the folder of its files
 * platform: { tdx: /sys/kernel/config/tsm/report }
 * platform: { snp: /sys/kernel/config/tsm/report, vmpl: 1 }
 * platform: { simulated: SOCKET }
 * ```
 *
 * @throws ConfigError
 */
export function readPlatformChoice(value: ConfigValue | undefined): PlatformChoice {
  if (value === undefined) {
    return { kind: "gramine" };
  }
  return typeof value.json() === "string"
    ? { kind: value.oneOf(HARDWARE) }
    : value.mapping((members) => readMembers(members, value));
}

function readMembers(members: ConfigMapping, value: ConfigValue): PlatformChoice {
  const named = WITH_VALUE.flatMap((kind) => {
    const place = members.optional(kind);
    return place === undefined ? [] : [{ kind, place: place.filePath() }];
  });
  const vmpl = members.optional("vmpl");
  const [only] = named;
  if (only === undefined || named.length > 1) {
    throw value.problem(`needs exactly one of ${WITH_VALUE.join(", ")}`, "keep the one this node runs on");
  }
  if (only.kind === "simulated") {
    refuse(vmpl);
    return { kind: only.kind, socketPath: only.place };
  }
  if (only.kind === "snp") {
    return {
      kind: only.kind,
      directory: only.place,
      privilegeLevel: vmpl?.integer({ minimum: 0, maximum: MAXIMUM_VMPL }),
    };
  }
  refuse(vmpl);
  return { kind: only.kind, directory: only.place };
}

function refuse(vmpl: ConfigValue | undefined): void {
  if (vmpl !== undefined) {
    throw vmpl.problem("is for SEV-SNP only", "remove it");
  }
}
