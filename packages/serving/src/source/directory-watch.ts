import { type FSWatcher, watch } from "node:fs";

/** A writer makes several changes in a row: they count as one when no more came for this long, milliseconds. */
const SETTLE_MS = 1000;

/**
 * Watches folders for changes of their own entries. It is a hint only: where the system cannot watch, or the folder is
 * replaced as a whole, nothing is told.
 */
export class DirectoryWatch {
  readonly #changed: () => void;
  readonly #watchers = new Map<string, FSWatcher>();
  #settling: NodeJS.Timeout | undefined;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Watches exactly these folders from now on. */
  setDirectories(directories: readonly string[]): void {
    for (const watched of [...this.#watchers.keys()].filter((path) => !directories.includes(path))) {
      this.#drop(watched);
    }
    for (const directory of directories) {
      if (!this.#watchers.has(directory)) {
        this.#add(directory);
      }
    }
  }

  close(): void {
    this.setDirectories([]);
    clearTimeout(this.#settling);
  }

  #add(directory: string): void {
    try {
      const watcher = watch(directory, () => this.#settle());
      watcher.on("error", () => this.#drop(directory));
      this.#watchers.set(directory, watcher);
    } catch {
      // The next poll sees what there is to see.
    }
  }

  #drop(directory: string): void {
    this.#watchers.get(directory)?.close();
    this.#watchers.delete(directory);
  }

  #settle(): void {
    clearTimeout(this.#settling);
    this.#settling = setTimeout(this.#changed, SETTLE_MS);
  }
}
