import { isExternal, placeOf } from "../onnx/external-data.ts";
import { type GraphProto, ModelProto, type TensorProto } from "../onnx/schema.ts";
import { UnnamedFiles } from "./unnamed-files.ts";

/** Weights of fewer bytes are left to the engine's copies, which take no time then. */
const MIN_TOTAL_BYTES = 2 ** 24;
/** A tensor of fewer bytes stands in the model itself. */
const MIN_MAPPED_BYTES = 2 ** 16;
/** Each mapped tensor has a file of its own, which goes after loading if the engine has brought it into its own form; beyond so many there are none. */
const MAX_FILES = 512;

/** Weights that the engine maps. */
export interface MappedWeights {
  /** The models, in order, with their weights in the files of `folder`. */
  readonly models: readonly Uint8Array[];
  readonly folder: string;
  /** To be called once the engine has loaded the models. */
  close(): void;
}

/**
 * Puts the weights of models into files that the engine maps. Files that it is given in memory it copies twice before it looks at
 * them, and holds them until all models are loaded, so that they lie in memory three times.
 * @param weights files that initialisers of the models refer to, which nobody needs for them afterwards
 * @param open gives the files
 * @returns undefined where that is not worth it or cannot be done: the weights are then for the engine to copy
 */
export function mapWeights(
  models: readonly Uint8Array[],
  weights: ReadonlyMap<string, Uint8Array>,
  open: (bytes: number) => UnnamedFiles | undefined = (bytes) => UnnamedFiles.open(bytes),
): MappedWeights | undefined {
  const total = [...weights.values()].reduce((sum, { length }) => sum + length, 0);
  const files = total < MIN_TOTAL_BYTES ? undefined : open(total);
  if (files === undefined) {
    return undefined;
  }
  const placing = new Placing(weights, files);
  try {
    return { models: models.map((model) => placing.rewrite(model)), folder: files.folder, close: () => files.close() };
  } catch {
    // Whatever the system has against it, the engine can do without.
    files.close();
    return undefined;
  }
}

class Placing {
  readonly #weights: ReadonlyMap<string, Uint8Array>;
  readonly #files: UnnamedFiles;
  /** Name of the file of a tensor, by where it stands in the weights. */
  readonly #links = new Map<string, string>();

  constructor(weights: ReadonlyMap<string, Uint8Array>, files: UnnamedFiles) {
    this.#weights = weights;
    this.#files = files;
  }

  rewrite(model: Uint8Array): Uint8Array {
    const decoded = ModelProto.decode(model);
    const { graph } = decoded;
    return graph === undefined ? model : ModelProto.encode({ ...decoded, graph: this.#rewriteGraph(graph) });
  }

  #rewriteGraph(graph: GraphProto): GraphProto {
    const initializer = graph.initializer.map((tensor) => (isExternal(tensor) ? this.#place(tensor) : tensor));
    return { ...graph, initializer };
  }

  #place(tensor: TensorProto): TensorProto {
    const { file, offset, length } = placeOf(tensor, JSON.stringify(tensor.name));
    const content = this.#weights.get(file);
    if (content === undefined || length === undefined || offset + length > content.length) {
      throw new Error("the tensor stands nowhere");
    }
    const bytes = content.subarray(offset, offset + length);
    if (length < MIN_MAPPED_BYTES) {
      return { ...tensor, rawData: bytes, dataLocation: 0, externalData: [] };
    }
    const key = `${offset} ${length} ${file}`;
    const link = this.#links.get(key) ?? this.#add(bytes);
    this.#links.set(key, link);
    return { ...tensor, externalData: [entry("location", link), entry("offset", "0"), entry("length", `${length}`)] };
  }

  #add(bytes: Uint8Array): string {
    if (this.#links.size === MAX_FILES) {
      throw new Error("there are too many tensors");
    }
    const link = `${this.#links.size}`;
    this.#files.add(link, bytes);
    return link;
  }
}

function entry(key: string, value: string) {
  return { key, value };
}
