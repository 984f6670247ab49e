import {
  type ClassificationRequest,
  type ClassificationResponse,
  type Input,
  isNumberData,
  type MultiInferenceRequest,
  type MultiInferenceResponse,
  type PredictRequest,
  type PredictResponse,
  type RegressionRequest,
  type RegressionResponse,
  type Tensor,
} from "@sealserve/protocol";
import type { MemoryBudget } from "../transport/memory-budget.ts";
import { type Awaitable, endWith } from "./awaitable.ts";
import type { Call } from "./call.ts";
import type { Handler } from "./handler.ts";
import { HandlerDecorator } from "./handler-decorator.ts";

/** What a byte string takes beside its bytes. */
const STRING_OBJECT_BYTES = 100;

/** A handler whose inputs count as held from the moment that they are decoded until their call ends. */
export class HoldingHandler extends HandlerDecorator {
  readonly #budget: MemoryBudget;

  constructor(handler: Handler, budget: MemoryBudget) {
    super(handler);
    this.#budget = budget;
  }

  override predict(request: PredictRequest, call: Call): Awaitable<PredictResponse> {
    return this.#hold(sizeOfTensors(request.inputs), () => this.handler.predict(request, call));
  }

  override async classify(request: ClassificationRequest, call: Call): Promise<ClassificationResponse> {
    return await this.#hold(sizeOfInput(request.input), () => this.handler.classify(request, call));
  }

  override async regress(request: RegressionRequest, call: Call): Promise<RegressionResponse> {
    return await this.#hold(sizeOfInput(request.input), () => this.handler.regress(request, call));
  }

  override async multiInference(request: MultiInferenceRequest, call: Call): Promise<MultiInferenceResponse> {
    return await this.#hold(sizeOfInput(request.input), () => this.handler.multiInference(request, call));
  }

  #hold<T>(bytes: number, answer: () => Awaitable<T>): Awaitable<T> {
    this.#budget.reserve(bytes);
    return endWith(answer, () => this.#budget.release(bytes));
  }
}

function sizeOfTensors(tensors: ReadonlyMap<string, Tensor>): number {
  let bytes = 0;
  for (const { data } of tensors.values()) {
    bytes += isNumberData(data) ? data.byteLength : sizeOfStrings(data);
  }
  return bytes;
}

function sizeOfInput(input: Input | undefined): number {
  const { exampleList, exampleListWithContext: withContext } = input ?? {};
  return (
    sizeOfStrings(exampleList?.examples ?? []) +
    sizeOfStrings(withContext?.examples ?? []) +
    (withContext?.context?.length ?? 0)
  );
}

function sizeOfStrings(strings: readonly Uint8Array[]): number {
  return strings.reduce((sum, { length }) => sum + length + STRING_OBJECT_BYTES, 0);
}
