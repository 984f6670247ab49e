import { revokesMore, type VerifiedCollateral } from "@sealserve/attestation";
import { crlNumberMarks, evaluationMarks, issueMark, issueMarks, type Mark, ROOT_CRL } from "./collateral-marks.ts";
import { CollateralError } from "./errors.ts";
import { LAST_REVOCATION, noMemory, type RollbackMemory } from "./rollback-memory.ts";

/**
 * Remembers how far each document has come, for all platforms of a cache: signatures and windows alone would let a source
 * go back to older documents that are not out yet. The documents are counted one by one, since one that moves on must not
 * cover for another that goes back. Only what is signed under the root makes an entry, so there are as many as the vendor
 * has kinds of platforms.
 */
export class RollbackGuard {
  readonly #memory: RollbackMemory;
  readonly #highest: Map<string, bigint>;
  /** How often marks have moved, and up to which of these times they are kept. */
  #version = 0;
  #keptVersion = 0;
  /** The collateral with the newest lists, for each CA of PCK certificates. */
  readonly #newestLists = new Map<string, VerifiedCollateral>();

  constructor(memory: RollbackMemory = noMemory) {
    this.#memory = memory;
    this.#highest = new Map(memory.marks);
  }

  /**
   * Takes in newly fetched collateral.
   * @throws CollateralError `rolled-back` when any of its documents goes back, or what the memory throws that cannot keep it
   */
  async admit(collateral: VerifiedCollateral): Promise<void> {
    await this.advance([...evaluationMarks(collateral), ...issueMarks(collateral), ...crlNumberMarks(collateral)]);
    this.#newestLists.set(collateral.pckCa, collateral);
  }

  /**
   * Takes in that a root CA CRL, issued at `issued`, took back an authority: what was verified with an older one is not
   * good any more.
   * @param onTaken runs before it is kept, so that what is lost by it is lost whether or not the memory keeps it
   * @throws CollateralError `rolled-back` for a list older than the last one
   */
  async revoke(issued: Date, onTaken: () => void = () => undefined): Promise<void> {
    const mark = issueMark(ROOT_CRL, issued);
    await this.advance([mark, { ...mark, document: LAST_REVOCATION }], onTaken);
  }

  /**
   * Whether collateral that was admitted before may still be handed out: no recovery has been seen since, no revocation of
   * an authority, and no list, with whichever platform's documents it came, that revokes a certificate which this one
   * clears. That newer issues were seen does not matter otherwise while it is in its own window.
   */
  holds(collateral: VerifiedCollateral): boolean {
    const issued = { ...issueMark(ROOT_CRL, collateral.issued.rootCaCrl), document: LAST_REVOCATION };
    return (
      this.allows([issued, ...evaluationMarks(collateral)]) &&
      [...this.#newestLists.values()].every((newest) => !revokesMore(newest, collateral))
    );
  }

  /**
   * Takes in marks of documents that are proven.
   * @param onTaken as for {@link revoke}
   * @throws CollateralError `rolled-back` when one of them is lower than it was, or what the memory throws that cannot keep it
   */
  async advance(marks: readonly Mark[], onTaken: () => void = () => undefined): Promise<void> {
    for (const mark of marks) {
      this.#expectNoStepBack(mark);
    }
    onTaken();
    const news = marks.filter(({ document, value }) => this.#highest.get(document) !== value);
    for (const { document, value } of news) {
      this.#highest.set(document, value);
    }
    this.#version += news.length;
    await this.#keepMarks();
  }

  /** Whether none of the marks is lower than it was. */
  allows(marks: readonly Mark[]): boolean {
    return marks.every((mark) => !this.#isStepBack(mark));
  }

  /** Nobody goes on before the marks are kept that speak of what he was given, whoever moved them. */
  async #keepMarks(): Promise<void> {
    if (this.#keptVersion < this.#version) {
      const version = this.#version;
      await this.#memory.save(new Map(this.#highest));
      this.#keptVersion = Math.max(this.#keptVersion, version);
    }
  }

  #isStepBack({ document, value }: Mark): boolean {
    return value < (this.#highest.get(document) ?? value);
  }

  #expectNoStepBack(mark: Mark): void {
    if (this.#isStepBack(mark)) {
      const { document, value, show } = mark;
      throw new CollateralError("rolled-back", `the source went back to an earlier ${document}`, {
        expected: `${show(this.#highest.get(document) ?? value)} or later`,
        actual: show(value),
        remedy: "refresh the PCCS",
      });
    }
  }
}
