import type { StoredTensor } from "../../bundle/checkpoint.ts";
import { ModelError } from "../../errors.ts";
import type { ExternalBytes } from "../../onnx/write.ts";
import { bringIntoForm } from "./bring-into-form.ts";
import { isAsStored, isSameForm, isSameOrder, type WeightForm } from "./weight-form.ts";

/** The path of further forms among the files that graphs refer to, which else are shards of a checkpoint. */
export const FURTHER_FORMS_FILE = "variables/forms";

/** A larger tensor is left to the engine: it takes as much memory again while it is brought into form. */
const MAX_BYTES = 2 ** 26;
/** Bytes of constants in other forms, for all graphs of a model: they are copies. */
const MAX_CONSTANT_BYTES = 2 ** 29;

interface PlacedForm {
  readonly form: WeightForm;
  readonly place: ExternalBytes;
}

/** What is known of one tensor. */
interface Claims {
  /** The order and the factors that it may be taken in, besides none. */
  order?: WeightForm["order"];
  factors?: WeightForm["factors"];
  /** The first one in the tensor's own place. */
  readonly placed: PlacedForm[];
}

/**
 * Where the graphs of a model find its weights. What they take in another form than the checkpoint's is brought into that before
 * the engine reads it, in its own place: it needs no memory, and the engine, which would do the same step by step with copies of
 * all, has nothing left to do. A tensor that is taken in several forms has a place behind for each further one.
 */
export class WeightPlaces {
  readonly #claims = new Map<StoredTensor, Claims>();
  #constantBytesLeft = MAX_CONSTANT_BYTES;
  #furtherBytes = 0;
  #isArranged = false;

  /**
   * Whether a tensor may be taken in a form. There is one order and one list of factors for each besides those it is stored in: what
   * a small file can ask for takes a few times its own memory at most.
   */
  admits(tensor: StoredTensor, form: WeightForm): boolean {
    const claims = this.#claimsOf(tensor);
    const { order = form.order, factors = form.factors } = claims;
    const isKnown =
      (form.order === undefined || isSameOrder(order, form.order)) &&
      (form.factors === undefined || isSameForm({ order, factors }, form));
    const admitted = tensor.dtype === "float32" && tensor.bytes.length <= MAX_BYTES && isKnown;
    if (admitted) {
      Object.assign(claims, { order, factors });
    }
    return admitted;
  }

  /** Whether a constant of the graph itself, of so many bytes, may be copied into another form. */
  takeConstant(bytes: number): boolean {
    const isAdmitted = bytes <= this.#constantBytesLeft;
    this.#constantBytesLeft -= isAdmitted ? bytes : 0;
    return isAdmitted;
  }

  /** Where a tensor will stand in a form that {@link admits} has admitted, or as it is stored. */
  place(tensor: StoredTensor, form: WeightForm): ExternalBytes {
    const { placed } = this.#claimsOf(tensor);
    const known = placed.find((other) => isSameForm(other.form, form));
    if (known !== undefined) {
      return known.place;
    }
    const { length } = tensor.bytes;
    const place =
      placed.length === 0
        ? { file: tensor.file, offset: tensor.offset, length }
        : { file: FURTHER_FORMS_FILE, offset: this.#furtherBytes, length };
    this.#furtherBytes += placed.length === 0 ? 0 : length;
    placed.push({ form, place });
    return place;
  }

  /**
   * Brings all weights into the forms that they are taken in. Called once, when all graphs are made; nothing can take them as they
   * were stored then, but for those that have a place in that form.
   * @returns content of {@link FURTHER_FORMS_FILE}
   * @throws ModelError `bad-checkpoint` when tensors overlap
   */
  arrange(): Uint8Array<ArrayBuffer> {
    if (this.#isArranged) {
      throw new Error("the weights are in form already");
    }
    this.#isArranged = true;
    const further = new Uint8Array(this.#furtherBytes);
    const claimed = [...this.#claims].flatMap(([tensor, { placed }]) =>
      placed.length > 0 ? [{ tensor, placed }] : [],
    );
    const changed = claimed.filter(({ placed }) => placed.some(({ form }) => !isAsStored(form)));
    if (changed.length > 0) {
      expectApart(claimed.map(({ tensor }) => tensor));
    }
    writeForms(changed, further);
    return further;
  }

  #claimsOf(tensor: StoredTensor): Claims {
    const claims = this.#claims.get(tensor) ?? { placed: [] };
    this.#claims.set(tensor, claims);
    return claims;
  }
}

/** Checkpoints of hostile models may name one range twice, which would then be brought into form twice. */
function expectApart(tensors: readonly StoredTensor[]): void {
  const ends = new Map<string, number>();
  for (const { file, offset, bytes } of tensors.toSorted((a, b) => a.offset - b.offset)) {
    if (offset < (ends.get(file) ?? 0)) {
      throw new ModelError("bad-checkpoint", "variables of the checkpoint overlap");
    }
    ends.set(file, offset + bytes.length);
  }
}

/** Writes all forms of tensors, of which each one's first form takes the place of the tensor itself. */
function writeForms(
  changed: readonly { readonly tensor: StoredTensor; readonly placed: readonly PlacedForm[] }[],
  further: Uint8Array,
): void {
  const longest = changed.reduce((most, { tensor: { bytes } }) => Math.max(most, bytes.length), 0);
  const scratch = new Uint8Array(longest);
  try {
    for (const { tensor, placed } of changed) {
      const { length } = tensor.bytes;
      scratch.set(tensor.bytes);
      const source = new Float32Array(scratch.buffer, 0, length / Float32Array.BYTES_PER_ELEMENT);
      for (const { form, place } of placed) {
        const isOwn = place.file === tensor.file;
        writeForm(source, isOwn ? tensor.bytes : further.subarray(place.offset, place.offset + length), form);
      }
    }
  } finally {
    wipe(scratch);
  }
}

/** Writes a form into bytes, which need not stand where floats may. */
function writeForm(source: Float32Array, bytes: Uint8Array, form: WeightForm): void {
  if (bytes.byteOffset % Float32Array.BYTES_PER_ELEMENT === 0) {
    bringIntoForm(source, new Float32Array(bytes.buffer, bytes.byteOffset, source.length), form);
    return;
  }
  const target = new Float32Array(source.length);
  bringIntoForm(source, target, form);
  const written = new Uint8Array(target.buffer);
  bytes.set(written);
  wipe(written);
}

/** Overwrites and frees what held weights. */
function wipe(bytes: Uint8Array<ArrayBuffer>): void {
  bytes.fill(0);
  bytes.buffer.transfer(0);
}
