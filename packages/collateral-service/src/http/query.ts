import { invalid } from "./request-error.ts";

/** More than any request has. */
const MAXIMUM_PARAMETERS = 1000;

/** Parameters of a query by their names, which are case sensitive. Of a repeated one the first value counts. */
export class Query {
  readonly #values = new Map<string, string>();
  readonly #nested = new Set<string>();

  /** @throws RequestError `invalid-request` for far too many */
  constructor(text: string) {
    const pairs = text.split("&", MAXIMUM_PARAMETERS + 1);
    if (pairs.length > MAXIMUM_PARAMETERS) {
      throw invalid("the query has too many parameters");
    }
    for (const pair of pairs) {
      const end = pair.indexOf("=");
      const name = decode(end === -1 ? pair : pair.slice(0, end));
      const value = end === -1 ? "" : decode(pair.slice(end + 1));
      const bracket = name.indexOf("[");
      if (bracket > 0) {
        this.#nested.add(name.slice(0, bracket));
      } else if (!this.#values.has(name)) {
        this.#values.set(name, value);
      }
    }
  }

  /** @throws RequestError `invalid-request` for a parameter with members, such as `a[x]=1` */
  get(name: string): string | undefined {
    if (this.#nested.has(name)) {
      throw invalid(`the parameter ${name} has members`);
    }
    return this.#values.get(name);
  }

  /** All parameters; those with members are among {@link nested}. */
  entries(): ReadonlyMap<string, string> {
    return this.#values;
  }

  get nested(): ReadonlySet<string> {
    return this.#nested;
  }
}

/** What is not percent-encoded properly counts as it stands, so that the check of the value refuses it. */
function decode(text: string): string {
  const spaced = text.replaceAll("+", " ");
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}
