import { encodeUtf8 } from "../bytes/text.ts";
import { CoreError } from "../errors.ts";
import type { DerElement } from "./element.ts";
import { derTag, tagText } from "./tags.ts";

const UTC_TIME = /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/;
const GENERALIZED_TIME = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/;

/** A UTCTime or GeneralizedTime in the forms of RFC 5280 section 4.1.2.5: seconds, `Z`, no fraction. @throws CoreError `bad-der` */
export function derTime(element: DerElement): Date {
  const { tag, content } = element;
  if (tag !== derTag.utcTime && tag !== derTag.generalizedTime) {
    throw new CoreError("bad-der", "DER element is no time", { actual: tagText(tag) });
  }
  const text = String.fromCharCode(...content.subarray(0, 16));
  const match = (tag === derTag.utcTime ? UTC_TIME : GENERALIZED_TIME).exec(text);
  if (match === null) {
    throw new CoreError("bad-der", "time is not written as RFC 5280 wants it");
  }
  const [, year = "", month, day, hour, minute, second] = match;
  const iso = `${fullYear(year)}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const date = new Date(iso);
  // Days that the month does not have are an invalid date or roll over into the next month.
  if (Number.isNaN(date.getTime()) || date.toISOString() !== iso) {
    throw new CoreError("bad-der", "time does not exist", { actual: iso });
  }
  return date;
}

/** Tag and content of a time: UTCTime up to 2049, GeneralizedTime after (RFC 5280 section 4.1.2.5). @throws CoreError `bad-der` */
export function encodeTimeOctets(date: Date): { tag: number; content: Uint8Array<ArrayBuffer> } {
  const year = date.getUTCFullYear();
  if (!(year >= 1950 && year <= 9999)) {
    throw new CoreError("bad-der", "time cannot be written", {
      expected: "a year from 1950 to 9999",
      actual: `${year}`,
    });
  }
  const digits = `${date.toISOString().slice(0, 19).replace(/[-:T]/g, "")}Z`;
  return year < 2050
    ? { tag: derTag.utcTime, content: encodeUtf8(digits.slice(2)) }
    : { tag: derTag.generalizedTime, content: encodeUtf8(digits) };
}

function fullYear(digits: string): string {
  if (digits.length === 4) {
    return digits;
  }
  return `${Number(digits) >= 50 ? "19" : "20"}${digits}`;
}
