const WIDTH = 30;
const REDRAW_MS = 100;

/** Shows how far a long job is: a bar on a terminal, nothing elsewhere. */
export class ProgressBar {
  readonly #label: string;
  readonly #visible: boolean;
  readonly #describe: (done: number) => string;
  #lastDrawn = 0;

  /** @param options.describe says for people how much is done; a number of bytes by default */
  constructor(label: string, options: { readonly describe?: (done: number) => string } = {}) {
    this.#label = label;
    this.#visible = process.stderr.isTTY;
    this.#describe = options.describe ?? formatBytes;
  }

  /** Redraws the bar, at most ten times a second. */
  update(done: number, total: number): void {
    const now = Date.now();
    if (!this.#visible || (done < total && now - this.#lastDrawn < REDRAW_MS)) {
      return;
    }
    this.#lastDrawn = now;
    const share = total === 0 ? 1 : done / total;
    const filled = Math.round(share * WIDTH);
    const bar = "█".repeat(filled) + "░".repeat(WIDTH - filled);
    process.stderr.write(`\r${this.#label} ${bar} ${Math.floor(share * 100)} %  ${this.#describe(done)}`);
  }

  /** Removes the bar from the terminal. */
  clear(): void {
    if (this.#visible && this.#lastDrawn > 0) {
      process.stderr.write("\r\x1b[2K");
    }
  }
}

/** A size for people: 1536 is `1.5 KiB`. */
export function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
