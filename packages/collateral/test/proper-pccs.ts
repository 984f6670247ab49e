import assert from "node:assert/strict";
import { after } from "node:test";
import { startPccsServer } from "@sealserve/simulator";
import { type PccsOptions, pccsSource } from "../src/pccs-source.ts";
import { type Answer, quoteOf, startServer, vendor } from "./fixtures.ts";

export const collateral = await vendor.collateral();
export const { fmspc } = vendor.machine;
export const pccs = await startPccsServer({ fmspc, collateral: async () => collateral });
export const origin = new URL(pccs.url).origin;
after(() => pccs.close());

export const quote = await quoteOf();

export interface Change {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | string[] | undefined>>;
  readonly body?: string | Uint8Array;
}

/** Hands on what the proper service answers, except for one operation. */
export const changing =
  (operation: string, change: (original: { headers: Headers; body: Uint8Array }) => Change): Answer =>
  async (request, response) => {
    const original = await fetch(`${origin}${request.url}`);
    const body = await original.bytes();
    const headers: Record<string, string | string[] | undefined> = Object.fromEntries(original.headers);
    delete headers["content-length"];
    delete headers["transfer-encoding"];
    const changed = request.url?.includes(operation) ? change({ headers: original.headers, body }) : {};
    for (const [name, value] of Object.entries({ ...headers, ...changed.headers })) {
      if (value !== undefined) {
        response.setHeader(name, value);
      }
    }
    response.writeHead(changed.status ?? original.status).end(changed.body ?? body);
  };

export async function refused(
  answer: Answer,
  code: string,
  options: Partial<PccsOptions> = {},
  of = quote,
): Promise<void> {
  const server = await startServer(answer);
  try {
    const source = pccsSource({ url: server.origin, ...options });
    await assert.rejects(source.fetchCollateral(of), { name: "CollateralError", code });
  } finally {
    server.close();
  }
}

export const text = (body: Uint8Array): string => new TextDecoder().decode(body);
