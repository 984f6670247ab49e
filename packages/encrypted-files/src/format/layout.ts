// Where things stand in a Gramine encrypted file. The host file is a row of nodes of 4096 bytes: one metadata node that
// also carries the first content bytes, then groups of one tree node and up to 96 data nodes whose keys it holds.

/** Size of every node on the host, in bytes. */
export const NODE_SIZE = 4096;

/** Content bytes that the metadata node carries. */
export const METADATA_CONTENT_SIZE = 3072;

/** Data nodes whose keys one tree node holds. */
export const DATA_NODES_PER_GROUP = 96;

/** Child tree nodes whose keys one tree node holds. */
export const CHILDREN_PER_TREE_NODE = 32;

/** Size of a full group on the host: its tree node and its data nodes, in bytes. */
export const GROUP_SIZE = (1 + DATA_NODES_PER_GROUP) * NODE_SIZE;

/** Content bytes of a full group. */
export const GROUP_CONTENT_SIZE = DATA_NODES_PER_GROUP * NODE_SIZE;

/** How many nodes a content of some size takes. */
export type ContentLayout = {
  readonly contentSize: number;
  readonly dataNodes: number;
  /** Also the number of groups. */
  readonly treeNodes: number;
  /** Bytes on the host that these nodes need. */
  readonly hostSize: number;
};

/** Layout of a content of `contentSize` bytes. */
export function layoutOf(contentSize: number): ContentLayout {
  const dataNodes = Math.max(0, Math.ceil((contentSize - METADATA_CONTENT_SIZE) / NODE_SIZE));
  const treeNodes = Math.ceil(dataNodes / DATA_NODES_PER_GROUP);
  return { contentSize, dataNodes, treeNodes, hostSize: (1 + treeNodes + dataNodes) * NODE_SIZE };
}

/** Position of a group (and of its tree node, which comes first) in the host file. */
export function groupPosition(group: number): number {
  return NODE_SIZE + group * GROUP_SIZE;
}

/** Content bytes that a group carries: its first offset in the content, and how many. */
export function groupContent(
  layout: ContentLayout,
  group: number,
): { readonly start: number; readonly length: number } {
  const start = METADATA_CONTENT_SIZE + group * GROUP_CONTENT_SIZE;
  return { start, length: Math.min(GROUP_CONTENT_SIZE, layout.contentSize - start) };
}

/** Data nodes that `length` content bytes of a group take. */
export function nodesFor(length: number): number {
  return Math.ceil(length / NODE_SIZE);
}

/** The tree node that holds the key of tree node `index`, which is not the root (0). */
export function parentOf(index: number): number {
  return Math.floor((index - 1) / CHILDREN_PER_TREE_NODE);
}

/** Whether tree node `index` has child tree nodes in this layout. */
export function hasChildren(layout: ContentLayout, index: number): boolean {
  return CHILDREN_PER_TREE_NODE * index + 1 < layout.treeNodes;
}
