import { type DataType, numbersAt } from "@sealserve/protocol";

import type { EngineMessage, EngineReply } from "./messages.ts";
import { isMoved, type NumberData, type PackedStrings, type PackedTensor } from "./packed-tensor.ts";

type Message = EngineMessage | EngineReply;
type Frequent = Extract<Message, { kind: "run" | "done" }>;
/** What is cloned at little cost: texts, numbers, arrays that are moved; and, whole, messages of the kinds that come seldom. */
type Word = string | number | NumberData | Exclude<Message, Frequent>;
type PackedTensors = ReadonlyMap<string, PackedTensor>;

/**
 * Messages as they cross between threads. To clone an object and a map, or to move a buffer, costs more than the values of a small tensor: so
 * runs and what they give are a list of words, and the values of their small arrays lie in one buffer.
 */
export interface Parcel {
  readonly words: readonly Word[];
  readonly values: Uint8Array<ArrayBuffer>;
}

/** Size of the largest number, bytes: every array begins at a multiple of it. */
const ALIGNMENT = 8;

/** Packs messages, in order. Large arrays are in the parcel as they are, to be moved with it. */
export function packParcel(messages: readonly Message[]): Parcel {
  const packer = new Packer();
  for (const message of messages) {
    packer.add(message);
  }
  return packer.finish();
}

class Packer {
  readonly #words: Word[] = [];
  readonly #small: { readonly dtype: DataType; readonly data: NumberData; readonly start: number }[] = [];
  #end = 0;

  add(message: Message): void {
    if (message.kind === "run") {
      const { id, signature, outputs, inputs } = message;
      this.#words.push(message.kind, id, signature, outputs.length, ...outputs);
      this.#addTensors(inputs);
    } else if (message.kind === "done") {
      this.#words.push(message.kind, message.id);
      this.#addTensors(message.outputs);
    } else {
      this.#words.push(message);
    }
  }

  /** The values are in zeroed memory of exactly their size: nothing of other requests can be in it. */
  finish(): Parcel {
    const values = new Uint8Array(this.#end);
    for (const { dtype, data, start } of this.#small) {
      (numbersAt(dtype, values.buffer, start, data.length) as Float32Array).set(data as Float32Array);
    }
    return { words: this.#words, values };
  }

  #addTensors(tensors: PackedTensors): void {
    this.#words.push(tensors.size);
    for (const [name, { dtype, shape, data }] of tensors) {
      this.#words.push(name, dtype, shape.length, ...shape);
      if ("ends" in data) {
        this.#addArray("uint8", data.bytes);
        this.#addArray("float64", data.ends);
      } else {
        this.#addArray(dtype, data);
      }
    }
  }

  #addArray(dtype: DataType, data: NumberData): void {
    if (isMoved(data)) {
      this.#words.push(data);
      return;
    }
    this.#words.push(this.#end, data.length);
    this.#small.push({ dtype, data, start: this.#end });
    this.#end += Math.ceil(data.byteLength / ALIGNMENT) * ALIGNMENT;
  }
}

/** The messages of a parcel, in order. No two of their arrays share memory, unless they did before. */
export function unpackParcel<M extends Message>(parcel: Parcel): M[] {
  const unpacker = new Unpacker(parcel);
  const messages: Message[] = [];
  for (let message = unpacker.next(); message !== undefined; message = unpacker.next()) {
    messages.push(message);
  }
  return messages as M[];
}

class Unpacker {
  readonly #words: readonly Word[];
  readonly #values: ArrayBuffer;
  #position = 0;

  constructor({ words, values }: Parcel) {
    this.#words = words;
    this.#values = values.buffer;
  }

  next(): Message | undefined {
    const first = this.#take() as Exclude<Message, Frequent> | Frequent["kind"] | undefined;
    if (first === "run") {
      const [id, signature] = [this.#takeNumber(), this.#takeText()];
      const outputs = this.#takeList() as string[];
      return { kind: first, id, signature, outputs, inputs: this.#takeTensors() };
    }
    return first === "done" ? { kind: first, id: this.#takeNumber(), outputs: this.#takeTensors() } : first;
  }

  #takeTensors(): Map<string, PackedTensor> {
    const tensors = new Map<string, PackedTensor>();
    for (let left = this.#takeNumber(); left > 0; left--) {
      const [name, dtype] = [this.#takeText(), this.#takeText() as DataType];
      const shape = this.#takeList() as number[];
      tensors.set(name, { dtype, shape, data: dtype === "string" ? this.#takeStrings() : this.#takeArray(dtype) });
    }
    return tensors;
  }

  #takeStrings(): PackedStrings {
    const bytes = this.#takeArray("uint8") as PackedStrings["bytes"];
    return { bytes, ends: this.#takeArray("float64") as PackedStrings["ends"] };
  }

  #takeArray(dtype: DataType): NumberData {
    const first = this.#take() as number | NumberData;
    return typeof first === "number" ? numbersAt(dtype, this.#values, first, this.#takeNumber()).slice() : first;
  }

  #takeList(): readonly Word[] {
    const length = this.#takeNumber();
    const start = this.#position;
    this.#position += length;
    return this.#words.slice(start, this.#position);
  }

  #takeNumber(): number {
    return this.#take() as number;
  }

  #takeText(): string {
    return this.#take() as string;
  }

  #take(): Word | undefined {
    return this.#words[this.#position++];
  }
}
