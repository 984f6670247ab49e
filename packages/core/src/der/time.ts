import { encodeUtf8 } from "../bytes/text.ts";
import { CoreError } from "../errors.ts";
import type { DerElement } from "./element.ts";
import { derTag, tagText } from "./tags.ts";

const ZERO = 0x30;
const NINE = 0x39;
const Z = 0x5a;

/** Octets of the year in each form; month, day, hour, minute and second follow with two each, then `Z`. */
const YEAR_OCTETS: ReadonlyMap<number, number> = new Map([
  [derTag.utcTime, 2],
  [derTag.generalizedTime, 4],
]);
const OCTETS_BEHIND_YEAR = 11;

/** A UTCTime or GeneralizedTime in the forms of RFC 5280 section 4.1.2.5: seconds, `Z`, no fraction. @throws CoreError `bad-der` */
export function derTime(element: DerElement): Date {
  const { tag, content } = element;
  const yearOctets = YEAR_OCTETS.get(tag);
  if (yearOctets === undefined) {
    throw new CoreError("bad-der", "DER element is no time", { actual: tagText(tag) });
  }
  if (content.length !== yearOctets + OCTETS_BEHIND_YEAR || content.at(-1) !== Z) {
    throw new CoreError("bad-der", "time is not written as RFC 5280 wants it");
  }
  const written = twoDigits(content, yearOctets - 2);
  const year = yearOctets === 4 ? 100 * twoDigits(content, 0) + written : written + (written >= 50 ? 1900 : 2000);
  return dateOf(year, content.subarray(yearOctets));
}

/** @param rest octets of month, day, hour, minute and second */
function dateOf(year: number, rest: Uint8Array): Date {
  const month = twoDigits(rest, 0);
  const day = twoDigits(rest, 2);
  const hour = twoDigits(rest, 4);
  const minute = twoDigits(rest, 6);
  const second = twoDigits(rest, 8);
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  // Days that the month does not have, and hours that the day has not, roll over.
  const exists =
    date.getUTCFullYear() === year &&
    date.getUTCMonth() === month - 1 &&
    date.getUTCDate() === day &&
    date.getUTCHours() === hour &&
    date.getUTCMinutes() === minute &&
    second < 60;
  if (!exists) {
    throw new CoreError("bad-der", "time does not exist", {
      actual: `${year}-${month}-${day} ${hour}:${minute}:${second}`,
    });
  }
  return date;
}

function twoDigits(octets: Uint8Array, offset: number): number {
  return 10 * digit(octets[offset]) + digit(octets[offset + 1]);
}

function digit(octet: number | undefined): number {
  if (octet === undefined || octet < ZERO || octet > NINE) {
    throw new CoreError("bad-der", "time is not written as RFC 5280 wants it");
  }
  return octet - ZERO;
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
