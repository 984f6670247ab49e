import { CoreError } from "../errors.ts";
import type { DerElement } from "./element.ts";
import { derTag, tagText } from "./tags.ts";

/** Refuses an element that has another tag. @throws CoreError `bad-der` */
export function expectTag(element: DerElement, tag: number): DerElement {
  if (element.tag !== tag) {
    throw new CoreError("bad-der", "DER element has another tag", {
      expected: tagText(tag),
      actual: tagText(element.tag),
    });
  }
  return element;
}

/** The elements of a SEQUENCE. @throws CoreError `bad-der` */
export function derSequence(element: DerElement): DerElement[] {
  return expectTag(element, derTag.sequence).children();
}

/** The elements of a SET. @throws CoreError `bad-der` */
export function derSet(element: DerElement): DerElement[] {
  return expectTag(element, derTag.set).children();
}

/** Takes the fields of a constructed element in their order, optional ones by their tag. */
export class DerFields {
  readonly #fields: readonly DerElement[];
  readonly #what: string;
  #index = 0;

  /** @param what names the structure in errors */
  constructor(fields: readonly DerElement[], what: string) {
    this.#fields = fields;
    this.#what = what;
  }

  /** The next field, which must be there and, when `tag` is given, have that tag. @throws CoreError `bad-der` */
  next(tag?: number): DerElement {
    const field = this.#fields[this.#index];
    if (field === undefined) {
      throw new CoreError("bad-der", `${this.#what} lacks a field`);
    }
    this.#index++;
    return tag === undefined ? field : expectTag(field, tag);
  }

  /** The next field if it has one of these tags. */
  optional(...tags: readonly number[]): DerElement | undefined {
    const field = this.#fields[this.#index];
    if (field === undefined || !tags.includes(field.tag)) {
      return undefined;
    }
    this.#index++;
    return field;
  }

  /** Refuses fields that nothing has taken. @throws CoreError `bad-der` */
  expectEnd(): void {
    if (this.#index !== this.#fields.length) {
      throw new CoreError("bad-der", `${this.#what} has a field too many`);
    }
  }
}
