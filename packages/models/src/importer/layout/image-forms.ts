import { intAttribute, intsAttribute } from "../../onnx/attribute.ts";
import type { GraphOperation, OnnxGraph, Value } from "../onnx-graph.ts";
import { IMAGE_RANK, TO_CHANNELS_FIRST, TO_CHANNELS_LAST, toChannelsFirst } from "./axis-order.ts";
import { isZeroPadding, padsOf } from "./constant-padding.ts";

/** The channels-first forms of a graph's images. */
export class ImageForms {
  readonly graph: OnnxGraph;
  readonly #firstOf = new Map<Value, Value>();
  readonly #lastOf = new Map<Value, Value>();

  constructor(graph: OnnxGraph) {
    this.graph = graph;
  }

  /** The channels-first form of a value, where it is there already. */
  find(value: Value | undefined): Value | undefined {
    return value && this.#firstOf.get(value);
  }

  /** The channels-first form of a channels-last image. */
  toFirst(image: Value): Value {
    const first = this.#firstOf.get(image) ?? this.#makeFirst(image);
    this.#firstOf.set(image, first);
    return first;
  }

  /** The channels-last form of a channels-first image. It costs nothing as long as nothing uses it. */
  toLast(first: Value): Value {
    const last = this.#lastOf.get(first) ?? this.#transpose(first, TO_CHANNELS_LAST);
    this.#lastOf.set(first, last);
    this.#firstOf.set(last, first);
    return last;
  }

  /**
   * What stands for a value in an operation that works element by element on channels-first images; undefined when it is
   * not known to have four axes or fewer.
   */
  asOperand(value: Value): Value | undefined {
    const { sizes } = value;
    const found = this.find(value);
    if (found !== undefined || sizes?.length === 0) {
      return found ?? value;
    }
    if (sizes?.length === 1) {
      return this.#reshape(value, [1, -1, 1, 1]);
    }
    return sizes?.length === IMAGE_RANK ? this.toFirst(value) : this.#raise(value);
  }

  /** The channels-first form of what is known to be an image, in whichever form it is. */
  asImage(value: Value | undefined): Value | undefined {
    return value?.sizes?.length === IMAGE_RANK ? this.toFirst(value) : this.find(value);
  }

  /** A padding of a channels-last image, on its channels-first form; undefined when it pads by more than constants. */
  pad(first: Value, padding: GraphOperation): Value | undefined {
    const pads = padsOf(padding);
    if (pads?.length !== 2 * IMAGE_RANK) {
      return undefined;
    }
    const turned = [pads.slice(0, IMAGE_RANK), pads.slice(IMAGE_RANK)].flatMap(toChannelsFirst);
    return this.graph.apply(
      "Pad",
      [first, this.graph.integers(turned), padding.inputs[2]],
      first.dtype,
      padding.attributes,
    );
  }

  /** A constant of two or three axes, with the missing ones in front. */
  #raise(value: Value): Value | undefined {
    const { shape } = value;
    if (shape === undefined || shape.length > IMAGE_RANK) {
      return undefined;
    }
    const missing = Array.from({ length: IMAGE_RANK - shape.length }, () => 1);
    return this.#transpose(this.#reshape(value, [...missing, ...shape]), TO_CHANNELS_FIRST);
  }

  /** Padding goes behind the transposition, from where it can go into what takes the padded image. */
  #makeFirst(image: Value): Value {
    const padding = this.graph.producerOf(image);
    const [source] = padding?.inputs ?? [];
    const padded = padding && source && isZeroPadding(padding) ? this.pad(this.toFirst(source), padding) : undefined;
    return padded ?? this.#transpose(image, TO_CHANNELS_FIRST);
  }

  #transpose(value: Value, order: readonly number[]): Value {
    return this.graph.apply("Transpose", [value], value.dtype, [intsAttribute("perm", order)]);
  }

  #reshape(value: Value, shape: readonly number[]): Value {
    return this.graph.apply("Reshape", [value, this.graph.integers(shape)], value.dtype, [
      intAttribute("allowzero", 1),
    ]);
  }
}
