import { setTimeout } from "node:timers/promises";
import { ProviderError } from "../provider.ts";
import { type Exchange, ExchangeClosed, placeOf, type UpstreamAnswer, type UpstreamRequest } from "./exchange.ts";

/** How often and how long something is tried. */
export interface AttemptRules {
  /** Attempts of one request, the first among them. Default 4. */
  readonly attempts?: number;
  /** Pause before the second attempt, doubled each time after, milliseconds. Default 500. */
  readonly firstPauseMs?: number;
  /** Longest time for all pauses together, milliseconds: a client waits behind it. Default 10 s. */
  readonly patienceMs?: number;
}

const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 500;
const PATIENCE_MS = 10_000;
/** An upstream cannot silence the service for longer. */
const MAX_RETRY_AFTER_SECONDS = 15 * 60;
const OK = 200;
const BAD_REQUEST = 400;
const UNAUTHORIZED = 401;
const FORBIDDEN = 403;
const TOO_MANY = 429;
const SERVER_FAULT = 500;

/** Repeats requests that may succeed later, and leaves an upstream alone for as long as it asks to be. */
export class Attempts {
  readonly #exchange: Exchange;
  readonly #rules: Required<AttemptRules>;
  /** By origin: time (of the monotonic clock) before which it is not asked. */
  readonly #pausedUntil = new Map<string, number>();

  constructor(exchange: Exchange, { attempts, firstPauseMs, patienceMs }: AttemptRules = {}) {
    this.#exchange = exchange;
    this.#rules = {
      attempts: attempts ?? ATTEMPTS,
      firstPauseMs: firstPauseMs ?? FIRST_PAUSE_MS,
      patienceMs: patienceMs ?? PATIENCE_MS,
    };
  }

  /**
   * The answer, with status 200 or another one that is accepted.
   * @throws ProviderError
   */
  async send(request: UpstreamRequest, accepted: readonly number[] = [OK]): Promise<UpstreamAnswer> {
    let patience = this.#rules.patienceMs;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#once(request, accepted);
      } catch (error) {
        const pause = this.#pauseAfter(error, attempt);
        if (pause === undefined || pause > patience) {
          throw error;
        }
        patience -= pause;
        await setTimeout(pause);
      }
    }
  }

  async #once(request: UpstreamRequest, accepted: readonly number[]): Promise<UpstreamAnswer> {
    this.#expectNotPaused(request);
    const answer = await this.#exchange.send(request);
    if (accepted.includes(answer.status)) {
      return answer;
    }
    const refusal = refusalFor(request, answer);
    if (refusal.retryAfterSeconds !== undefined) {
      this.#pausedUntil.set(new URL(request.url).origin, performance.now() + refusal.retryAfterSeconds * 1000);
    }
    throw refusal;
  }

  #expectNotPaused({ url }: UpstreamRequest): void {
    const rest = ((this.#pausedUntil.get(new URL(url).origin) ?? 0) - performance.now()) / 1000;
    if (rest > 0) {
      const retryAfterSeconds = Math.ceil(rest);
      throw new ProviderError("retry-later", `${placeOf(url)} wants to be left alone`, { retryAfterSeconds });
    }
  }

  /** Doubled each time, and up to a half longer by chance, so that replicas do not come back together. */
  #pauseAfter(error: unknown, attempt: number): number | undefined {
    if (!(error instanceof ProviderError) || !isPassing(error) || attempt >= this.#rules.attempts) {
      return undefined;
    }
    const usual = this.#rules.firstPauseMs * 2 ** (attempt - 1) * (1 + Math.random() / 2);
    return Math.max(usual, (error.retryAfterSeconds ?? 0) * 1000);
  }
}

/** Whether the same request may succeed a little later. */
function isPassing(error: ProviderError): boolean {
  const isFinal = error instanceof KeyRefused || error instanceof ExchangeClosed;
  return !isFinal && (error.code === "unavailable" || error.code === "retry-later");
}

/** The upstream will not serve anybody before its operator has another subscription key. */
class KeyRefused extends ProviderError {
  constructor(message: string) {
    super("unavailable", `${message}: check the subscription key`);
  }
}

function refusalFor({ url }: UpstreamRequest, { status, headers }: UpstreamAnswer): ProviderError {
  const message = `${placeOf(url)} answered with status ${status}`;
  if (status === TOO_MANY || status >= SERVER_FAULT) {
    const retryAfterSeconds = readRetryAfter(headers["retry-after"]);
    return new ProviderError("retry-later", message, retryAfterSeconds === undefined ? {} : { retryAfterSeconds });
  }
  if (status === UNAUTHORIZED || status === FORBIDDEN) {
    return new KeyRefused(message);
  }
  return status >= BAD_REQUEST
    ? new ProviderError("not-found", message)
    : new ProviderError("garbage", `${message}, where only 200 brings a document and redirects are not followed`);
}

/** Seconds or a date (RFC 9110 section 10.2.3), as seconds from now; undefined for none and for one that cannot be read. */
function readRetryAfter(value: string | undefined): number | undefined {
  if (value === undefined) {
    return undefined;
  }
  const wait = /^[0-9]{1,9}$/.test(value) ? Number(value) : Math.ceil((Date.parse(value) - Date.now()) / 1000);
  return Number.isNaN(wait) || wait <= 0 ? undefined : Math.min(wait, MAX_RETRY_AFTER_SECONDS);
}
