/** Something of Node that a test asked for in a browser. */
export class NotInBrowserError extends Error {
  override readonly name = "NotInBrowserError";
  readonly what: string;

  constructor(what: string) {
    super(`${what} is not there in a browser`);
    this.what = what;
  }
}

/** Stands for an export of a module of Node: any use of it throws a {@link NotInBrowserError}. */
export function absent(what: string): unknown {
  const refuse = (): never => {
    throw new NotInBrowserError(what);
  };
  // Only what is a class itself can stand for one; which it is never shows.
  return new Proxy(NotInBrowserError, { apply: refuse, construct: refuse, get: refuse, has: refuse });
}

const ABSENT_GLOBAL = /^(Buffer|process|global|require|setImmediate) is not defined$/;
const CAUSES_MAX = 8;

/** What of Node was missing when this error, or one it was caused by, was thrown. */
export function missingIn(error: unknown): string | undefined {
  let current = error;
  for (let depth = 0; depth < CAUSES_MAX && current instanceof Error; depth++) {
    if (current instanceof NotInBrowserError) {
      return current.what;
    }
    const [, name] = (current instanceof ReferenceError && ABSENT_GLOBAL.exec(current.message)) || [];
    if (name !== undefined) {
      return name;
    }
    current = current.cause;
  }
  return undefined;
}
