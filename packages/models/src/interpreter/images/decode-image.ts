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
  readonly dtype: "uint8" | "uint16";
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
  if (isJpeg(content)) {
    return jpegTensor(content, wish, clock);
  }
  if (!isPng(content)) {
    throw invalidArgument("the image is in no format that is decoded: PNG or JPEG");
  }
  return decodePng(content, { ...wish, clock });
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
  const dtype = type === "uint8" || type === "uint16" ? type : operation.refuse(`it makes ${type}`);
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
