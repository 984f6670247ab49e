import type { ChannelSecurity } from "../transport/tls.ts";
import type { Closers } from "./closers.ts";

/** Overwrites the private key, of which open ports have a copy of their own. */
export function wipeKey(tls: ChannelSecurity): void {
  if (tls !== "plaintext") {
    tls.key.fill(0);
  }
}

/** Has the private key of a start overwritten when that fails, whichever step it fails in. @returns `tls` */
export function wipedWithStart<Tls extends ChannelSecurity>(tls: Tls, closers: Pick<Closers, "add">): Tls {
  closers.add({ close: async () => wipeKey(tls) });
  return tls;
}

/** Gives `tls` back once `check` lets it pass; otherwise its key is overwritten. @throws what `check` throws */
export function checkedOrWiped<Tls extends ChannelSecurity>(tls: Tls, check: (tls: Tls) => void): Tls {
  try {
    check(tls);
    return tls;
  } catch (error) {
    wipeKey(tls);
    throw error;
  }
}
