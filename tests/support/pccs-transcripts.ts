/** Recorded dialogues with Intel's PCCS 1.27.0, and what counts of them (`spec/pccs.md`, section 12). */
import type { HttpsAnswer, HttpsClient, HttpsRequest } from "./https-request.ts";
import { readVector, readVectorText } from "./vectors.ts";

interface RecordedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly bodyFile?: string;
}

interface RecordedResponse {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body?: string;
  readonly bodyBase64?: string;
}

/** One request with its answer. */
export interface RecordedCase {
  readonly id: string;
  readonly request: RecordedRequest;
  readonly response: RecordedResponse;
}

/** What counts of an answer. */
export interface Essence {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const COUNTING = /^(?:sgx-|.*issuer-chain$|platform-count$|warning$|content-type$|allow$)/;

export async function readTranscript(name: string): Promise<readonly RecordedCase[]> {
  return JSON.parse(await readVectorText(`pccs/${name}.json`)).cases;
}

/** A request for a certificate, and which one was answered. */
export interface SelectionRow {
  readonly path: string;
  readonly status: number;
  readonly tcbm: string | null;
}

export async function readSelection(): Promise<readonly SelectionRow[]> {
  const { cases } = JSON.parse(await readVectorText("pccs/04-pck-selection-A.json"));
  return cases.map(({ qeid, pceid, cpusvn, pcesvn, status, tcbm }: Record<string, string> & { status: number }) => ({
    path: `/sgx/certification/v4/pckcert?qeid=${qeid}&pceid=${pceid}&cpusvn=${cpusvn}&pcesvn=${pcesvn}`,
    status,
    tcbm,
  }));
}

/** Sends what was sent when it was recorded. */
export async function replay(client: HttpsClient, { request }: RecordedCase): Promise<HttpsAnswer> {
  const { method, path, headers } = request;
  const body = await bodyOf(request);
  return client.send({ method, path, headers, ...(body === undefined ? {} : { body }) });
}

async function bodyOf({ body, bodyFile }: RecordedRequest): Promise<HttpsRequest["body"]> {
  if (bodyFile === undefined) {
    return body;
  }
  const generated = /^generated: \{"pad":"x" repeated (\d+) times\}$/.exec(bodyFile);
  return generated === null
    ? readVector(`pccs/${bodyFile}`)
    : JSON.stringify({ pad: "x".repeat(Number(generated[1])) });
}

export function essenceOfRecorded({ response }: RecordedCase): Essence {
  const { status, headers, body = "", bodyBase64 } = response;
  const text = bodyBase64 === undefined ? body : Buffer.from(bodyBase64, "base64").toString("latin1");
  return essence(status, Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value])), text);
}

export function essenceOfAnswer(answer: HttpsAnswer, { response }: RecordedCase): Essence {
  const body = answer.body.toString(response.bodyBase64 === undefined ? "utf8" : "latin1");
  return essence(answer.status, answer.headers as Record<string, string>, body);
}

function essence(status: number, headers: Readonly<Record<string, string>>, body: string): Essence {
  const counting = Object.entries(headers).filter(([name]) => COUNTING.test(name));
  const mediaType = (name: string, value: string): string =>
    name === "content-type" ? (value.split(";")[0] as string) : value;
  return {
    status,
    headers: Object.fromEntries(counting.map(([name, value]) => [name, mediaType(name, value)])),
    body: body.startsWith("<!DOCTYPE html>") ? "a page" : sorted(body),
  };
}

/** Rows of platforms come in any order. */
function sorted(body: string): string {
  return body.startsWith("[{")
    ? JSON.stringify((JSON.parse(body) as object[]).map((row) => JSON.stringify(row)).sort())
    : body;
}
