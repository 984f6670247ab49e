import { quoteText } from "./quote.ts";
import { TextSink } from "./text-sink.ts";

const INDENT = "    ";

interface OpenValue {
  readonly isList: boolean;
  count: number;
}

/**
 * Writes JSON in the layout of RapidJSON's PrettyWriter, which TensorFlow Serving answers with: four spaces, and lists
 * optionally on one line.
 */
export class JsonWriter {
  readonly #sink = new TextSink();
  readonly #open: OpenValue[] = [];
  #afterName = false;
  /** Whether lists are written on one line. */
  singleLineLists = false;

  startObject(): void {
    this.#start("{", false);
  }

  startList(): void {
    this.#start("[", true);
  }

  end(): void {
    const closed = this.#open.pop();
    if (closed !== undefined && closed.count > 0 && !(closed.isList && this.singleLineLists)) {
      this.#newLine();
    }
    this.#sink.text(closed?.isList === true ? "]" : "}");
  }

  name(name: string): void {
    this.#separate();
    this.#sink.text(`${quoteText(name)}: `);
    this.#afterName = true;
  }

  /** A value that is JSON already; bytes are written as they are. */
  raw(json: string | Uint8Array): void {
    this.#separate();
    if (typeof json === "string") {
      this.#sink.text(json);
    } else {
      this.#sink.bytes(json);
    }
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#sink.finish();
  }

  #start(bracket: string, isList: boolean): void {
    this.#separate();
    this.#sink.text(bracket);
    this.#open.push({ isList, count: 0 });
  }

  /** Writes what stands between the value before and the one to come. */
  #separate(): void {
    const parent = this.#open.at(-1);
    if (this.#afterName || parent === undefined) {
      this.#afterName = false;
      return;
    }
    const isFirst = parent.count++ === 0;
    if (!isFirst) {
      this.#sink.text(",");
    }
    if (!(parent.isList && this.singleLineLists)) {
      this.#newLine();
    } else if (!isFirst) {
      this.#sink.text(" ");
    }
  }

  #newLine(): void {
    this.#sink.text(`\n${INDENT.repeat(this.#open.length)}`);
  }
}
