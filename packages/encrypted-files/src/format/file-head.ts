import { EncryptedFilesError } from "../errors.ts";
import { embeddablePath, quoteName } from "../path.ts";
import { type ContentLayout, layoutOf, NODE_SIZE } from "./layout.ts";
import { type FormatVersion, openMetadataNode, parseMetadataHeader } from "./metadata-node.ts";

/** What the first node of an encrypted file says, checked against its tag, the host's file and the expected path. */
export type FileHead = {
  readonly version: FormatVersion;
  /** The path that the writer embedded. */
  readonly path: string;
  readonly layout: ContentLayout;
  /** Key and tag of the root tree node. */
  readonly rootSlot: Uint8Array;
  /** The content bytes that stand in the first node. */
  readonly content: Uint8Array;
};

/**
 * A host file is a row of whole nodes, at least one.
 * @throws EncryptedFilesError `invalid-header`
 */
export function checkHostSize(hostSize: number, name: string): void {
  if (hostSize < NODE_SIZE || hostSize % NODE_SIZE !== 0) {
    throw new EncryptedFilesError("invalid-header", `${name} is not an encrypted file, or was cut`, {
      expected: `a size that is a multiple of ${NODE_SIZE} bytes, and not zero`,
      actual: `${hostSize} bytes`,
      remedy: "encrypt it first, or fetch the whole file again",
    });
  }
}

/**
 * Opens the first node of an encrypted file.
 * @param expected.hostSize size of the file on the host, already checked with {@link checkHostSize}
 * @param expected.path the path that must be embedded; without it any path will do
 * @throws EncryptedFilesError `invalid-header`, `invalid-version`, `authentication-failed`, `malformed-metadata`,
 * `invalid-path`, `corrupted`
 */
export function openFileHead(
  node: Uint8Array,
  wrapKey: Uint8Array,
  expected: { readonly hostSize: number; readonly path?: string | undefined },
  name: string,
): FileHead {
  const header = parseMetadataHeader(node, name);
  const metadata = openMetadataNode(node, header, wrapKey, name);
  try {
    if (expected.path !== undefined) {
      checkPath(metadata.path, expected.path, name);
    }
    const layout = checkedLayout(metadata.size, expected.hostSize, name);
    const { path, rootSlot, head } = metadata;
    head.subarray(layout.contentSize).fill(0);
    return { version: header.version, path, layout, rootSlot, content: head.subarray(0, layout.contentSize) };
  } catch (error) {
    metadata.rootSlot.fill(0);
    metadata.head.fill(0);
    throw error;
  }
}

/** Overwrites its keys and its plaintext. */
export function forgetFileHead({ rootSlot, content }: FileHead): void {
  rootSlot.fill(0);
  content.fill(0);
}

function checkPath(embedded: string, expected: string, name: string): void {
  const normal = embeddablePath(expected);
  if (embedded !== normal) {
    throw new EncryptedFilesError("invalid-path", `${name} was encrypted for another path`, {
      expected: quoteName(normal),
      actual: quoteName(embedded),
      remedy: "put the file where it belongs, or encrypt it again with the right path embedded",
    });
  }
}

/** The size field is compared with the host's file before anything is sized by it. Stale nodes at the end are allowed. */
function checkedLayout(size: bigint, hostSize: number, name: string): ContentLayout {
  const layout = size <= BigInt(hostSize) ? layoutOf(Number(size)) : undefined;
  if (layout === undefined || layout.hostSize > hostSize) {
    throw new EncryptedFilesError("corrupted", `${name} is shorter than its content`, {
      expected: `the nodes for ${size} content bytes`,
      actual: `${hostSize} bytes`,
      remedy: "fetch the whole file again",
    });
  }
  return layout;
}
