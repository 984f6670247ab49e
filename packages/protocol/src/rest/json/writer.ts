import { quoteText } from "./quote.ts";
import { TextSink } from "./text-sink.ts";

const INDENT = "    ";

/** Beginnings of lines, by the lists and objects that are open. */
const lineBreaks: string[] = [];

/**
 * Writes JSON in the layout of RapidJSON's PrettyWriter, which TensorFlow Serving answers with: four spaces, and lists
 * optionally on one line.
 */
export class JsonWriter {
  readonly #sink = new TextSink();
  /** Of the lists and objects that are open: whether they are lists, and how many values they have so far. */
  readonly #isList: boolean[] = [];
  readonly #counts: number[] = [];
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
    const isList = this.#isList.pop() === true;
    const count = this.#counts.pop() ?? 0;
    if (count > 0 && !(isList && this.singleLineLists)) {
      this.#newLine();
    }
    this.#sink.text(isList ? "]" : "}");
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
    this.#isList.push(isList);
    this.#counts.push(0);
  }

  /** Writes what stands between the value before and the one to come. */
  #separate(): void {
    const depth = this.#counts.length;
    if (this.#afterName || depth === 0) {
      this.#afterName = false;
      return;
    }
    const isFirst = this.#counts[depth - 1] === 0;
    (this.#counts[depth - 1] as number)++;
    if (!isFirst) {
      this.#sink.text(",");
    }
    if (!(this.singleLineLists && this.#isList[depth - 1] === true)) {
      this.#newLine();
    } else if (!isFirst) {
      this.#sink.text(" ");
    }
  }

  #newLine(): void {
    const depth = this.#counts.length;
    lineBreaks[depth] ??= `\n${INDENT.repeat(depth)}`;
    this.#sink.text(lineBreaks[depth]);
  }
}
