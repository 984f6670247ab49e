import { invalidArgument, ServingError, type Tensor } from "@sealserve/protocol";

import type { KnownInput, NodeOperation } from "../../saved-model/node-operation.ts";
import type { Kernel, MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import {
  compilePattern,
  expectWork,
  matchesAll,
  type Pattern,
  parseRewrite,
  type RewritePart,
  replaceMatches,
} from "./regular-expression.ts";
import { concatenate, expectStrings, stringsOf } from "./strings.ts";

const NOTHING = new Uint8Array();
/** Memory that a part of a new string takes: an object that points to its bytes. */
const PART_BYTES = 128;

/** A compiled pattern and, for replacements, what its matches are replaced with. */
interface Program {
  readonly pattern: Pattern;
  readonly rewrite: readonly RewritePart[];
}

/** Gives what an operation matches with, out of its inputs. @throws ServingError `INVALID_ARGUMENT` */
type ReadProgram = (inputs: readonly Tensor[]) => Program;

/** StaticRegexReplace, whose pattern and rewrite are attributes. */
export const replaceStatic: MakeKernel = (operation) => replacing(operation, programOfAttributes(operation));

/** RegexReplace, whose pattern and rewrite are inputs. */
export const replaceByInputs: MakeKernel = (operation) => replacing(operation, programOfInputs(operation, [1, 2]));

/** StaticRegexFullMatch. */
export const fullMatchStatic: MakeKernel = (operation) => matching(operation, programOfAttributes(operation));

/** RegexFullMatch. */
export const fullMatchByInput: MakeKernel = (operation) => matching(operation, programOfInputs(operation, [1]));

function replacing(operation: NodeOperation<KnownInput>, readProgram: ReadProgram): Kernel {
  expectStrings(operation, [0]);
  const all = operation.flag("replace_global", true);
  return {
    outputs: ["string"],
    run: (inputs, clock) => {
      const { pattern, rewrite } = readProgram(inputs);
      const budget = new OutputBudget();
      const strings = stringsOf(inputs[0]);
      budget.takeStrings(strings.length);
      expectWork(pattern, strings);
      const beforeMatch = (): void => {
        clock?.expectTime();
        budget.takeBytes((1 + rewrite.length) * PART_BYTES);
      };
      const data = strings.map((string) =>
        concatenate(replaceMatches(string, pattern, rewrite, all, beforeMatch), NOTHING, budget),
      );
      return [{ dtype: "string", shape: inputs[0]?.shape ?? [], data }];
    },
  };
}

function matching(operation: NodeOperation<KnownInput>, readProgram: ReadProgram): Kernel {
  expectStrings(operation, [0]);
  return {
    outputs: ["bool"],
    run: (inputs) => {
      const { pattern } = readProgram(inputs);
      const strings = stringsOf(inputs[0]);
      expectWork(pattern, strings);
      const data = Uint8Array.from(strings, (string) => (matchesAll(pattern, string) ? 1 : 0));
      return [{ dtype: "bool", shape: inputs[0]?.shape ?? [], data }];
    },
  };
}

function programOfAttributes(operation: NodeOperation<KnownInput>): ReadProgram {
  const [pattern, rewrite] = [operation.bytes("pattern"), operation.bytes("rewrite")];
  try {
    const program = compile(pattern, rewrite);
    return () => program;
  } catch (error) {
    if (error instanceof ServingError) {
      return operation.refuse(error.message);
    }
    throw error;
  }
}

function programOfInputs(operation: NodeOperation<KnownInput>, positions: readonly number[]): ReadProgram {
  expectStrings(operation, positions);
  return (inputs) => {
    const [pattern, rewrite = NOTHING] = positions.map((position) => {
      const [text, ...others] = stringsOf(inputs[position]);
      return text !== undefined && others.length === 0 ? text : refuseTexts();
    });
    return compile(pattern ?? NOTHING, rewrite);
  };
}

function refuseTexts(): never {
  throw invalidArgument("Pattern and rewrite must each be one string");
}

function compile(pattern: Uint8Array, rewrite: Uint8Array): Program {
  const compiled = compilePattern(pattern);
  return { pattern: compiled, rewrite: parseRewrite(rewrite, compiled) };
}
