import {
  type ClassificationRequest,
  type ClassificationResponse,
  type Input,
  type ModelSpec,
  type MultiInferenceRequest,
  type MultiInferenceResponse,
  type PredictRequest,
  type PredictResponse,
  type RegressionRequest,
  type RegressionResponse,
  servingErrorOf,
} from "@sealserve/protocol";
import type { Awaitable } from "../core/awaitable.ts";
import type { Call } from "../core/call.ts";
import type { Handler } from "../core/handler.ts";
import { HandlerDecorator } from "../core/handler-decorator.ts";
import { currentTrace } from "../tracing/current-trace.ts";
import type { InferenceMethod, RequestMetrics } from "./request-metrics.ts";

/** A request or an answer, which may say what it means or comes from. */
interface Answer {
  readonly modelSpec?: ModelSpec | undefined;
}

/** A call that is under way. */
interface ObservedCall {
  readonly method: InferenceMethod;
  readonly entrypoint: Call["entrypoint"];
  readonly startedAt: number;
}

/** A handler whose calls are counted and timed. */
export class ObservedHandler extends HandlerDecorator {
  readonly #metrics: RequestMetrics;

  constructor(handler: Handler, metrics: RequestMetrics) {
    super(handler);
    this.#metrics = metrics;
  }

  override predict(request: PredictRequest, call: Call): Awaitable<PredictResponse> {
    return this.#observe("Predict", request, call, () => this.handler.predict(request, call));
  }

  override async classify(request: ClassificationRequest, call: Call): Promise<ClassificationResponse> {
    this.#countExamples(request.modelSpec, request.input);
    return await this.#observe("Classify", request, call, () => this.handler.classify(request, call));
  }

  override async regress(request: RegressionRequest, call: Call): Promise<RegressionResponse> {
    this.#countExamples(request.modelSpec, request.input);
    return await this.#observe("Regress", request, call, () => this.handler.regress(request, call));
  }

  override async multiInference(request: MultiInferenceRequest, call: Call): Promise<MultiInferenceResponse> {
    const modelSpec = request.tasks[0]?.modelSpec;
    this.#countExamples(modelSpec, request.input);
    const run = async () => {
      const response = await this.handler.multiInference(request, call);
      return { response, modelSpec: response.results[0]?.modelSpec };
    };
    return (await this.#observe("MultiInference", { modelSpec }, call, run)).response;
  }

  #observe<Response extends Answer>(
    method: InferenceMethod,
    request: Answer,
    { entrypoint }: Call,
    run: () => Awaitable<Response>,
  ): Awaitable<Response> {
    const call: ObservedCall = { method, entrypoint, startedAt: performance.now() };
    try {
      const response = run();
      if (response instanceof Promise) {
        return this.#observeLater(call, request, response);
      }
      this.#succeeded(call, response);
      return response;
    } catch (error) {
      this.#failed(call, request, error);
      throw error;
    }
  }

  async #observeLater<Response extends Answer>(
    call: ObservedCall,
    request: Answer,
    answering: Promise<Response>,
  ): Promise<Response> {
    try {
      const response = await answering;
      this.#succeeded(call, response);
      return response;
    } catch (error) {
      this.#failed(call, request, error);
      throw error;
    }
  }

  #succeeded({ method, entrypoint, startedAt }: ObservedCall, { modelSpec }: Answer): void {
    const ms = performance.now() - startedAt;
    const { name: model = "", version, signatureName: signature = "" } = modelSpec ?? {};
    // Names that the server knows: it has run them.
    currentTrace()?.describe({
      "sealserve.model": model,
      "sealserve.version": String(version ?? ""),
      "sealserve.signature": signature,
    });
    this.#metrics.succeeded({ method, entrypoint, model, version, signature }, ms);
  }

  #failed({ method, entrypoint }: ObservedCall, request: Answer, error: unknown): void {
    const model = request.modelSpec?.name ?? "";
    this.#metrics.failed({ method, entrypoint, model }, servingErrorOf(error).code);
  }

  #countExamples(spec: ModelSpec | undefined, input: Input | undefined): void {
    const examples = (input?.exampleListWithContext ?? input?.exampleList)?.examples;
    this.#metrics.examples(spec?.name ?? "", examples?.length ?? 0);
  }
}
