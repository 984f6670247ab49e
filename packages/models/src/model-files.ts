/**
 * The files of one model version, all in memory: path inside the version directory with forward slashes, such as
 * `saved_model.pb` or `variables/variables.index`, to content.
 */
export type ModelFiles = ReadonlyMap<string, Uint8Array>;

/** A version directory on disk. */
export interface ModelDirectory {
  readonly directory: string;
}

/** Files of one model version as its readers ask for them; {@link ModelFiles} are such. */
export interface ReadableFiles {
  /** Paths, at least of all files directly in the version directory. */
  keys(): Iterable<string>;
  /** Content of the file at a path; undefined when there is none. */
  get(path: string): Uint8Array | undefined;
  /** Contents, at least of all files that have been asked for. */
  values(): Iterable<Uint8Array>;
}

/** Name of the file that makes a directory a SavedModel. */
export const SAVED_MODEL_FILE = "saved_model.pb";
/** The checkpoint inside a SavedModel: its index, and the shards that the index counts. */
export const CHECKPOINT_PREFIX = "variables/variables";

/** Path of a checkpoint's index. */
export const CHECKPOINT_INDEX_FILE = `${CHECKPOINT_PREFIX}.index`;

/** Path of shard `shard` of a checkpoint in `shards` shards. */
export function checkpointShardFile(shard: number, shards: number): string {
  const digits = (value: number): string => `${value}`.padStart(5, "0");
  return `${CHECKPOINT_PREFIX}.data-${digits(shard)}-of-${digits(shards)}`;
}

/** Whether a file is the version's ONNX model. One in a folder, such as among the assets, is not. */
export function isOnnxFile(path: string): boolean {
  return path.endsWith(".onnx") && !path.includes("/");
}

/** Whether a file is one that the graph of a SavedModel may read, such as a vocabulary. */
export function isAsset(path: string): boolean {
  return path.startsWith("assets/");
}

/** Whether a file stands where an ONNX model may keep its weights: beside it, under a name that nothing else is read by. */
export function isBesideOnnx(path: string): boolean {
  return path !== "" && !/[/\\\0]|^\.\.?$|\.(onnx|pbtxt)$/.test(path);
}

/** The files that are part of the model itself, in contrast to assets, settings and warm-up requests. */
export function modelContentOf(paths: Iterable<string>): Set<string> {
  const all = [...paths];
  const hasOnnx = all.some(isOnnxFile);
  const isContent = (path: string): boolean =>
    path === SAVED_MODEL_FILE ||
    path.startsWith(CHECKPOINT_PREFIX) ||
    isOnnxFile(path) ||
    (hasOnnx && isBesideOnnx(path));
  return new Set(all.filter(isContent));
}
