import type Koffi from "koffi";
import type { LibraryHandle } from "koffi";

import { ModelError } from "../errors.ts";
import { avoidOneDnnWithoutCaches } from "./one-dnn.ts";

/** Address of something that the library owns. */
export type Pointer = bigint;
/** What a `void *` may be given: an address, memory of ours for the time of the call, or NULL. */
type Address = Pointer | Uint8Array | null;

/**
 * The functions of TensorFlow's C API (tensorflow/c/c_api.h) that are used here, by their names there. None of them keeps what it is
 * given beyond the call unless its comment there says so.
 */
interface CFunctions {
  TF_Version(): string;
  TF_NewStatus(): Pointer;
  TF_DeleteStatus(status: Pointer): void;
  TF_GetCode(status: Pointer): number;
  TF_Message(status: Pointer): string;
  TF_NewBufferFromString(bytes: Uint8Array, length: number): Pointer;
  TF_DeleteBuffer(buffer: Pointer): void;
  TF_AllocateTensor(dtype: number, dimensions: Uint8Array, rank: number, length: number): Pointer | null;
  TF_DeleteTensor(tensor: Pointer): void;
  TF_TensorData(tensor: Pointer): Pointer | null;
  TF_TensorType(tensor: Pointer): number;
  TF_TensorByteSize(tensor: Pointer): number | bigint;
  TF_NumDims(tensor: Pointer): number;
  TF_Dim(tensor: Pointer, axis: number): number | bigint;
  TF_NewGraph(): Pointer;
  TF_DeleteGraph(graph: Pointer): void;
  TF_GraphOperationByName(graph: Pointer, name: string): Pointer | null;
  TF_OperationNumOutputs(operation: Pointer): number;
  TF_NewSessionOptions(): Pointer;
  TF_DeleteSessionOptions(options: Pointer): void;
  TF_SetConfig(options: Pointer, config: Uint8Array, length: number, status: Pointer): void;
}

/** Those that may take long, and run on a thread of their own. */
interface SlowCFunctions {
  TF_LoadSessionFromSavedModel(
    options: Pointer,
    runOptions: null,
    directory: string,
    tags: Pointer,
    tagCount: number,
    graph: Pointer,
    metaGraph: null,
    status: Pointer,
  ): Pointer | null;
  TF_SessionRun(
    session: Pointer,
    runOptions: Pointer,
    inputs: Pointer,
    inputValues: Pointer,
    inputCount: number,
    outputs: Pointer,
    outputValues: Pointer,
    outputCount: number,
    targets: null,
    targetCount: number,
    metadata: null,
    status: Pointer,
  ): void;
  TF_CloseSession(session: Pointer, status: Pointer): void;
  TF_DeleteSession(session: Pointer, status: Pointer): void;
}

type Later<F> = {
  readonly [Name in keyof F]: F[Name] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Result>
    : never;
};

/** Copies bytes between memory of ours and the library's: `memcpy` of the C library. */
type CopyMemory = (to: Address, from: Address, length: number) => void;

/** Memory that stays where it is. */
interface NativeMemory {
  readonly copy: CopyMemory;
  /** Zeroed. */
  readonly allocate: (length: number) => Pointer;
  readonly free: (address: Pointer) => void;
}

/** TensorFlow's C API, in a library that has been loaded. */
export interface CApi extends CFunctions, Later<SlowCFunctions>, NativeMemory {
  /** How the library lays out the elements of a tensor of strings. */
  readonly strings: "encoded" | "inline";
}

/** Symbols by which the layout of strings is known: the first went when the second came, with TensorFlow 2.4. */
const ENCODED_STRINGS = "TF_StringEncode";
const INLINE_STRINGS = "TF_StringInit";

const MAX_REASON_LENGTH = 300;
const MAX_VERSION_LENGTH = 50;
/** TensorFlow optimises a graph on the thread that first runs it, which takes more stack than koffi gives by default. */
const STACK_BYTES = 8 << 20;
/** dlopen(3): RTLD_NOW | RTLD_NODELETE. The library stays until the process ends, since its threads run on. */
const NOW_FOR_GOOD = 0x2 | 0x1000;

let koffi: Promise<typeof Koffi> | undefined;

/**
 * Loads a library with TensorFlow's C API: `libtensorflow.so`, or `libtensorflow_cc.so.2` of a Python wheel. Its code gets all
 * rights of this process.
 *
 * @param path absolute; who may change the file is for the caller to check
 * @throws ModelError `library-unusable`
 */
export async function openCApi(path: string): Promise<CApi> {
  avoidOneDnnWithoutCaches();
  koffi ??= importKoffi();
  const { load } = await koffi;
  const own = load(null);
  const hold: (path: string, flags: number) => Pointer | null = own.func("void *dlopen(str, int)");
  hold(path, NOW_FOR_GOOD);
  const library = refuseUnusable(path, "cannot be loaded as a library", () => load(path));
  const allocate: (count: number, length: number) => Pointer = own.func("void *calloc(size_t, size_t)");
  const memory: NativeMemory = {
    copy: own.func("void *memcpy(void *, void *, size_t)"),
    allocate: (length) => allocate(1, length),
    free: own.func("void free(void *)"),
  };
  return refuseUnusable(path, `lacks functions of TensorFlow's C API${describeVersion(library)}`, () => ({
    ...memory,
    ...bindFunctions(library),
    strings: stringsOf(library),
  }));
}

/** The version of a library that may be anything. */
function describeVersion(library: LibraryHandle): string {
  try {
    const version: () => string = library.func("str TF_Version()");
    return ` (it says that it is version ${version().slice(0, MAX_VERSION_LENGTH)})`;
  } catch {
    return "";
  }
}

async function importKoffi(): Promise<typeof Koffi> {
  const { default: imported } = await import("koffi");
  imported.config({ sync_stack_size: STACK_BYTES, async_stack_size: STACK_BYTES });
  return imported;
}

function stringsOf(library: LibraryHandle): CApi["strings"] {
  try {
    library.symbol(INLINE_STRINGS);
    return "inline";
  } catch {
    library.symbol(ENCODED_STRINGS);
    return "encoded";
  }
}

function bindFunctions(library: LibraryHandle): CFunctions & Later<SlowCFunctions> {
  const bind = (prototype: string) => library.func(prototype);
  const loadSession = bind(
    "void *TF_LoadSessionFromSavedModel(void *, void *, str, void *, int, void *, void *, void *)",
  );
  const run = bind(
    "void TF_SessionRun(void *, void *, void *, void *, int, void *, void *, int, void *, int, void *, void *)",
  );
  const close = bind("void TF_CloseSession(void *, void *)");
  const remove = bind("void TF_DeleteSession(void *, void *)");
  return {
    TF_Version: bind("str TF_Version()"),
    TF_NewStatus: bind("void *TF_NewStatus()"),
    TF_DeleteStatus: bind("void TF_DeleteStatus(void *)"),
    TF_GetCode: bind("int TF_GetCode(void *)"),
    TF_Message: bind("str TF_Message(void *)"),
    TF_NewBufferFromString: bind("void *TF_NewBufferFromString(void *, size_t)"),
    TF_DeleteBuffer: bind("void TF_DeleteBuffer(void *)"),
    TF_AllocateTensor: bind("void *TF_AllocateTensor(int, void *, int, size_t)"),
    TF_DeleteTensor: bind("void TF_DeleteTensor(void *)"),
    TF_TensorData: bind("void *TF_TensorData(void *)"),
    TF_TensorType: bind("int TF_TensorType(void *)"),
    TF_TensorByteSize: bind("size_t TF_TensorByteSize(void *)"),
    TF_NumDims: bind("int TF_NumDims(void *)"),
    TF_Dim: bind("int64_t TF_Dim(void *, int)"),
    TF_NewGraph: bind("void *TF_NewGraph()"),
    TF_DeleteGraph: bind("void TF_DeleteGraph(void *)"),
    TF_GraphOperationByName: bind("void *TF_GraphOperationByName(void *, str)"),
    TF_OperationNumOutputs: bind("int TF_OperationNumOutputs(void *)"),
    TF_NewSessionOptions: bind("void *TF_NewSessionOptions()"),
    TF_DeleteSessionOptions: bind("void TF_DeleteSessionOptions(void *)"),
    TF_SetConfig: bind("void TF_SetConfig(void *, void *, size_t, void *)"),
    TF_LoadSessionFromSavedModel: (...args) =>
      new Promise((resolve, reject) => loadSession.async(...args, settle(resolve, reject))),
    TF_SessionRun: (...args) => new Promise((resolve, reject) => run.async(...args, settle(resolve, reject))),
    TF_CloseSession: (...args) => new Promise((resolve, reject) => close.async(...args, settle(resolve, reject))),
    TF_DeleteSession: (...args) => new Promise((resolve, reject) => remove.async(...args, settle(resolve, reject))),
  };
}

/** What koffi calls when a function has been run on a thread of libuv's pool. */
function settle<T>(resolve: (result: T) => void, reject: (error: unknown) => void) {
  return (error: unknown, result: T): void => (error === null ? resolve(result) : reject(error));
}

function refuseUnusable<T>(path: string, what: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new ModelError("library-unusable", `${path} ${what}`, {
      expected:
        "libtensorflow.so, or libtensorflow_cc.so.2 out of a TensorFlow Python wheel, with the libraries beside it",
      actual: cause instanceof Error ? cause.message.slice(0, MAX_REASON_LENGTH) : undefined,
      remedy: "name such a file for this processor, of TensorFlow 1.15 or newer",
      cause,
    });
  }
}
