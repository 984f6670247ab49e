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
import type { Call } from "../core/call.ts";
import type { Handler } from "../core/handler.ts";
import { HandlerDecorator } from "../core/handler-decorator.ts";
import { currentTrace } from "../tracing/current-trace.ts";
import type { InferenceMethod, RequestMetrics } from "./request-metrics.ts";

/** A handler whose calls are counted and timed. */
export class ObservedHandler extends HandlerDecorator {
  readonly #metrics: RequestMetrics;

  constructor(handler: Handler, metrics: RequestMetrics) {
    super(handler);
    this.#metrics = metrics;
  }

  override predict(request: PredictRequest, call: Call): Promise<PredictResponse> {
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

  async #observe<Response extends { readonly modelSpec?: ModelSpec | undefined }>(
    method: InferenceMethod,
    request: { readonly modelSpec?: ModelSpec | undefined },
    { entrypoint }: Call,
    run: () => Promise<Response>,
  ): Promise<Response> {
    const startedAt = performance.now();
    try {
      const response = await run();
      const { name: model = "", version, signatureName: signature = "" } = response.modelSpec ?? {};
      // Names that the server knows: it has run them.
      currentTrace()?.describe({
        "sealserve.model": model,
        "sealserve.version": String(version ?? ""),
        "sealserve.signature": signature,
      });
      this.#metrics.succeeded({ method, entrypoint, model, version, signature }, performance.now() - startedAt);
      return response;
    } catch (error) {
      const model = request.modelSpec?.name ?? "";
      this.#metrics.failed({ method, entrypoint, model }, servingErrorOf(error).code);
      throw error;
    }
  }

  #countExamples(spec: ModelSpec | undefined, input: Input | undefined): void {
    const examples = (input?.exampleListWithContext ?? input?.exampleList)?.examples;
    this.#metrics.examples(spec?.name ?? "", examples?.length ?? 0);
  }
}
