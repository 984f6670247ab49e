import { createHash, timingSafeEqual } from "node:crypto";

/** Who may do what: hosts register, administrators do everything else. Neither stands in for the other. */
export type TokenKind = "user" | "admin";

/** SHA-512 of the tokens, 128 hex digits. Without one, nobody is let in. */
export type TokenHashes = Readonly<Partial<Record<TokenKind, string>>>;

/** Names of the headers that tokens come in. */
export const TOKEN_HEADERS: Readonly<Record<TokenKind, string>> = { user: "user-token", admin: "admin-token" };

const HASH = /^[0-9a-fA-F]{128}$/;

/** Knows hashes of tokens, never the tokens. */
export class TokenGuard {
  #hashes: TokenHashes = {};

  constructor(hashes: TokenHashes) {
    this.replace(hashes);
  }

  /** Lets in by these from now on. */
  replace(hashes: TokenHashes): void {
    this.#hashes = hashes;
  }

  /** Kinds of tokens by which nobody can come in, because their hash is missing or none. */
  unusable(): TokenKind[] {
    return (["user", "admin"] as const).filter((kind) => !HASH.test(this.#hashes[kind] ?? ""));
  }

  /** Whether the token is the one of its kind; takes the same time for every wrong one. */
  accepts(kind: TokenKind, token: string | undefined): boolean {
    const hash = this.#hashes[kind] ?? "";
    const given = createHash("sha512")
      .update(token ?? "")
      .digest();
    const expected = HASH.test(hash) ? Buffer.from(hash, "hex") : Buffer.alloc(given.length);
    const same = timingSafeEqual(given, expected);
    return same && HASH.test(hash) && token !== undefined && token !== "";
  }
}
