import type { IncomingMessage, ServerResponse } from "node:http";
import { encodeErrorAnswer, servingErrorOf } from "@sealserve/protocol";
import { type Awaitable, mapResult } from "../core/awaitable.ts";
import { type Log, logUnexpected } from "../log.ts";
import { tracePart } from "../tracing/current-trace.ts";
import type { Tracer } from "../tracing/tracer.ts";
import { CallScope } from "../transport/call-scope.ts";
import type { ServingLimits } from "../transport/limits.ts";
import type { MemoryBudget } from "../transport/memory-budget.ts";
import type { RequestRate } from "../transport/request-rate.ts";
import type { ConnectionRequests } from "./connection-requests.ts";
import { RequestBody } from "./request-body.ts";
import { failureAnswer, type HttpAnswer, type HttpRequest, type HttpRoute } from "./route.ts";
import { sendAnswer } from "./send-answer.ts";

/** What all requests of a server share. */
export interface ExchangeContext {
  /** Asked in order; a request that none of them takes is answered 404. */
  readonly routes: readonly HttpRoute[];
  readonly limits: ServingLimits;
  readonly budget: MemoryBudget;
  /** Shared by all ports; without it any number of requests may come. */
  readonly rate?: RequestRate;
  readonly log: Log;
  /** Traces requests; undefined when traces are off. */
  readonly tracer?: Tracer | undefined;
  readonly isClosing: () => boolean;
  /** How often the connections were told to end. */
  readonly goodbyes: () => number;
}

/** One request from its headers to its answer. Most are answered in one turn, so that there is one object for all of it. */
export class HttpExchange implements HttpRequest {
  readonly incoming: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #connection: ConnectionRequests;
  readonly #context: ExchangeContext;
  readonly #goodbyes: number;
  readonly #scope: CallScope;
  readonly #body: RequestBody;
  #isAdmitted = false;

  /** @param connection its requests, among them this one */
  constructor(
    incoming: IncomingMessage,
    response: ServerResponse,
    connection: ConnectionRequests,
    context: ExchangeContext,
  ) {
    this.incoming = incoming;
    this.#response = response;
    this.#connection = connection;
    this.#context = context;
    this.#goodbyes = context.goodbyes();
    this.#scope = new CallScope(response);
    this.#body = new RequestBody(incoming, context.limits, context.budget);
  }

  get signal(): AbortSignal {
    return this.#scope.signal;
  }

  receive(): Promise<Uint8Array> {
    return tracePart("receive", () => this.#body.receive(this.#scope));
  }

  setHeader(name: string, value: string): void {
    this.#response.setHeader(name, value);
  }

  limit(timeoutMs: number): void {
    this.#scope.limit(timeoutMs);
  }

  /** Answers the request. Never throws. */
  answer(): void {
    // A broken connection also closes the response, which is what the rest acts on.
    this.incoming.on("error", ignore);
    this.#response.on("error", ignore);
    this.#scope.whenStreamCloses(() => this.#closed());
    const { tracer } = this.#context;
    const ask = (): Awaitable<HttpAnswer> => this.#ask();
    const answer = tracer === undefined ? ask() : tracer.http(this.incoming, ask);
    void mapResult(answer, (given) => this.#send(given));
  }

  #ask(): Awaitable<HttpAnswer> {
    const { limits, rate } = this.#context;
    try {
      this.#connection.admit(limits.maxStreamsPerConnection);
      this.#isAdmitted = true;
      rate?.admit(this.incoming.socket);
      const answer = this.#askRoutes();
      return answer instanceof Promise ? this.#awaitAnswer(answer) : this.#succeed(answer);
    } catch (error) {
      return this.#fail(error);
    }
  }

  #askRoutes(): Awaitable<HttpAnswer> {
    for (const route of this.#context.routes) {
      const answer = route(this);
      if (answer !== undefined) {
        return answer;
      }
    }
    return { status: 404, body: encodeErrorAnswer("Not found") };
  }

  async #awaitAnswer(answering: Promise<HttpAnswer>): Promise<HttpAnswer> {
    try {
      return this.#succeed(await this.#scope.within(answering, () => this.#body.release()));
    } catch (error) {
      return this.#fail(error);
    }
  }

  /** @throws ServingError `RESOURCE_EXHAUSTED` when there is no memory for the answer */
  #succeed(answer: HttpAnswer): HttpAnswer {
    this.#context.budget.reserveUntilClose(answer.body.length, this.#scope);
    this.#scope.close();
    return answer;
  }

  #fail(error: unknown): HttpAnswer {
    this.#scope.close();
    const failure = servingErrorOf(error);
    logUnexpected(failure, this.#context.log);
    return failureAnswer(failure);
  }

  #send(answer: HttpAnswer): void {
    if (!this.#response.destroyed) {
      const { isClosing, goodbyes, limits } = this.#context;
      const keepAlive = !isClosing() && goodbyes() === this.#goodbyes;
      sendAnswer(this.incoming, this.#response, answer, { keepAlive, limits, scope: this.#scope });
    }
  }

  #closed(): void {
    this.#connection.ended(this.#response);
    if (this.#isAdmitted) {
      this.#connection.dismiss();
    }
  }
}

function ignore(): void {
  // Nothing is to be done.
}
