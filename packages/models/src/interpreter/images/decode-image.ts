import { invalidArgument, type Tensor } from "@sealserve/protocol";

import type { KnownInput, NodeOperation } from "../../saved-model/node-operation.ts";
import type { Clock, Kernel, MakeKernel } from "../kernel.ts";
import { OutputBudget } from "../output-budget.ts";
import { expectStrings, stringsOf } from "../strings/strings.ts";
import { decodeJpeg } from "./jpeg/decode-jpeg.ts";
import type { TransformMethod } from "./jpeg/inverse-dct.ts";
import { isJpeg } from "./jpeg/read-jpeg.ts";
import { isPng } from "./png-chunks.ts";
import { decodePng } from "./png-pixels.ts";

/** What an operation makes of an image. */
interface ImageWish {
  /** 0 for as many as the file has. */
  readonly channels: number;
  /** Floats are from 0 to 1. */
  readonly dtype: "uint8" | "uint16" | "float32";
  readonly method: TransformMethod;
  readonly smooth: boolean;
}

/**
 * The pixels of one image as height, width, channels. As in TensorFlow, each operation takes each format that is decoded at
 * all, which here are PNG and JPEG.
 */
function decoding(read: (operation: NodeOperation<KnownInput>) => Omit<ImageWish, "channels">): MakeKernel {
  return (operation): Kernel => {
    expectStrings(operation, [0]);
    const channels = operation.integer("channels", 0);
    if (![0, 1, 3, 4].includes(channels)) {
      operation.refuse(`it makes ${channels} channels`);
    }
    const wish = { ...read(operation), channels };
    return {
      outputs: [wish.dtype],
      run: ([contents], clock) => {
        const [content, ...others] = stringsOf(contents);
        if (content === undefined || others.length > 0) {
          throw invalidArgument("contents must be one string");
        }
        return [decodeImage(content, wish, clock)];
      },
    };
  };
}

function decodeImage(content: Uint8Array, wish: ImageWish, clock?: Clock): Tensor {
  const { dtype } = wish;
  const isFloat = dtype === "float32";
  if (isJpeg(content)) {
    const tensor = jpegTensor(content, isFloat ? { ...wish, dtype: "uint8" } : wish, clock);
    return isFloat ? fractionsOf(tensor, 2 ** 8 - 1) : tensor;
  }
  if (!isPng(content)) {
    throw invalidArgument("the image is in no format that is decoded: PNG or JPEG");
  }
  return dtype === "float32"
    ? fractionsOf(decodePng(content, { ...wish, dtype: "uint16", clock }), 2 ** 16 - 1)
    : decodePng(content, { ...wish, dtype, clock });
}

/** What each number is of the largest one, in float32. */
function fractionsOf({ shape, data }: Tensor, largest: number): Tensor {
  new OutputBudget().take("float32", data.length);
  const scale = Math.fround(1 / largest);
  return { dtype: "float32", shape, data: Float32Array.from(data as ArrayLike<number>, (value) => value * scale) };
}

function jpegTensor(content: Uint8Array, { channels, dtype, method, smooth }: ImageWish, clock?: Clock): Tensor {
  if ((channels !== 0 && channels !== 1 && channels !== 3) || dtype !== "uint8") {
    throw invalidArgument(`JPEG images are not decoded to ${channels} channels of ${dtype}`);
  }
  const budget = new OutputBudget();
  const { width, height, data, channels: made } = decodeJpeg(content, { channels, method, smooth, budget, clock });
  return { dtype, shape: [height, width, made], data };
}

/** DecodePng and DecodeImage. */
export const decodeAnyImage: MakeKernel = decoding((operation) => {
  const type = operation.type("dtype", "uint8");
  const isFloat = type === "float32" && operation.node.op === "DecodeImage";
  const dtype = type === "uint8" || type === "uint16" || isFloat ? type : operation.refuse(`it makes ${type}`);
  return { dtype, method: "fast", smooth: true };
});

const METHODS: ReadonlyMap<string, TransformMethod> = new Map([
  ["", "fast"],
  ["INTEGER_FAST", "fast"],
  ["INTEGER_ACCURATE", "accurate"],
]);

/** DecodeJpeg. An image that is cut off is refused, also where the operation would recover what there is. */
export const decodeJpegImage: MakeKernel = decoding((operation) => {
  const ratio = operation.integer("ratio", 1);
  if (ratio !== 1) {
    operation.refuse(`it makes images smaller by ${ratio}`);
  }
  const name = operation.text("dct_method", "");
  const method = METHODS.get(name) ?? operation.refuse(`its dct_method is ${JSON.stringify(name)}`);
  return { dtype: "uint8", method, smooth: operation.flag("fancy_upscaling", true) };
});
