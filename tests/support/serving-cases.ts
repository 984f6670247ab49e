/** The public cases of TensorFlow Serving's behaviour beside the project. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const SHARED = new URL("../../../shared/", import.meta.url);
const CASES = new URL("spec/tf-serving-cases.json", SHARED);
const present = existsSync(CASES);

/** One case: what a layer is asked, and what comes out. */
export interface ServingCase<Request, Expect> {
  readonly id: string;
  readonly layer: string;
  /** Folder of the model that is served. */
  readonly model?: string;
  /** Flags of the server beside those that name the model. */
  readonly flags?: readonly string[];
  readonly request: Request;
  readonly expect: Expect;
}

/** Why there is nothing to test, for the `skip` of a suite; false when the cases are there. */
export const skipWithoutCases: string | false = present ? false : `no cases at ${CASES.pathname}`;

const cases = present ? (JSON.parse(readFileSync(CASES, "utf8")) as { cases: ServingCase<never, never>[] }).cases : [];

/** All cases, in the order of the file. None when they are absent. */
export const servingCases: readonly ServingCase<unknown, unknown>[] = cases;

/** The cases of one layer, whose requests and expectations have the stated form. */
export function casesOf<Request, Expect>(layer: string): readonly ServingCase<Request, Expect>[] {
  return cases.filter((entry) => entry.layer === layer);
}

/** Folder of the public models. */
export const publicModels: string = fileURLToPath(new URL("models/", SHARED));

/** A JSON file that a case names by its path from the folder `shared` on. */
export function readSharedJson(path: string): unknown {
  return JSON.parse(readFileSync(new URL(path.replace(/^shared\//, ""), SHARED), "utf8"));
}
