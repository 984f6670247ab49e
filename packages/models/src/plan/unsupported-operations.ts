import { ModelError } from "../errors.ts";
import { describeOperation } from "../saved-model/node-operation.ts";
import { reasonAgainst } from "./reasons-against.ts";

interface NamedNode {
  readonly op: string;
  readonly name: string;
}

/** How many other operations a message names. */
const MAX_NAMED = 10;

/** Collects the operations of a signature's graph that cannot be run, so that one message names them all. */
export class UnsupportedOperations {
  readonly #signature: string;
  readonly #isSupported: (op: string) => boolean;
  readonly #found = new Map<string, { readonly first: NamedNode; nodes: number }>();

  /** @param signature its key, for the message */
  constructor(signature: string, isSupported: (op: string) => boolean) {
    this.#signature = signature;
    this.#isSupported = isSupported;
  }

  /** Takes note of a node. */
  admit(node: NamedNode): void {
    if (!this.#isSupported(node.op)) {
      const found = this.#found.get(node.op) ?? { first: node, nodes: 0 };
      found.nodes++;
      this.#found.set(node.op, found);
    }
  }

  /** @throws ModelError `unsupported-op` that names the operation that most nodes need, and then the others */
  expectNone(): void {
    const [most, ...others] = [...this.#found.values()].sort((a, b) => b.nodes - a.nodes);
    if (most === undefined) {
      return;
    }
    const named = others.slice(0, MAX_NAMED).map(({ first, nodes }) => `${first.op} (${countNodes(nodes)})`);
    const rest = others.length > MAX_NAMED ? ` and ${others.length - MAX_NAMED} more` : "";
    const also = named.length === 0 ? "" : `, nor ${others.length === 1 ? "is" : "are"} ${named.join(", ")}${rest}`;
    const what = `operation ${describeOperation(most.first, this.#signature)} is not supported`;
    const reason = reasonAgainst(most.first.op);
    throw new ModelError(
      "unsupported-op",
      `${what}: ${countNodes(most.nodes)} ${most.nodes === 1 ? "needs" : "need"} it${also}${reason === undefined ? "" : `; ${reason}`}`,
    );
  }
}

function countNodes(nodes: number): string {
  return nodes === 1 ? "1 node" : `${nodes} nodes`;
}
