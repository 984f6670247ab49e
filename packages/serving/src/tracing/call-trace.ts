import { randomBytes } from "node:crypto";
import type { Span, SpanAttributes } from "./span.ts";
import type { TraceParent } from "./trace-parent.ts";

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;

/** The spans of one call while it is under way. */
export class CallTrace {
  readonly #traceId: string;
  readonly #spanId = randomBytes(SPAN_ID_BYTES).toString("hex");
  readonly #parentSpanId: string | undefined;
  readonly #name: string;
  readonly #startedAt = performance.now();
  #partEndedAt = this.#startedAt;
  readonly #parts: Span[] = [];
  readonly #attributes: Record<string, string | number> = {};

  /** @param name of the call, from a list that the server knows */
  constructor(name: string, parent: TraceParent | undefined) {
    this.#traceId = parent?.traceId ?? randomBytes(TRACE_ID_BYTES).toString("hex");
    this.#parentSpanId = parent?.spanId;
    this.#name = name;
  }

  /** Adds what the call turned out to be. */
  describe(attributes: SpanAttributes): void {
    Object.assign(this.#attributes, attributes);
  }

  /** Adds a part that has ended now and began when the part before it ended. */
  addRest(name: string): void {
    this.add(name, this.#partEndedAt, performance.now());
  }

  /** Adds a part of the call that has ended. */
  add(name: string, startedAt: number, endedAt: number, attributes: SpanAttributes = {}): void {
    this.#partEndedAt = endedAt;
    this.#parts.push({
      traceId: this.#traceId,
      spanId: randomBytes(SPAN_ID_BYTES).toString("hex"),
      parentSpanId: this.#spanId,
      name,
      kind: "internal",
      startedAt,
      endedAt,
      attributes,
      isError: false,
    });
  }

  /** All spans of the call, which has ended now: the call itself first. */
  finish(isError: boolean): readonly Span[] {
    const call: Span = {
      traceId: this.#traceId,
      spanId: this.#spanId,
      parentSpanId: this.#parentSpanId,
      name: this.#name,
      kind: "server",
      startedAt: this.#startedAt,
      endedAt: performance.now(),
      attributes: this.#attributes,
      isError,
    };
    return [call, ...this.#parts];
  }
}
