import {
  closeSync,
  constants,
  fstatSync,
  mkdtempSync,
  openSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";

/** Memory that every Linux has as a file system. */
const PLACE = "/dev/shm";
/** Type of a file system without a disk behind it (statfs(2)). */
const TMPFS = 0x01021994;
/** Room that is left to others there, bytes. */
const RESERVE = 2 ** 26;
/** Opens a new file that no folder has (open(2)): it goes with whoever has it open or mapped, however that ends. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;
const OWNER_ONLY = 0o600;
/** Bits of a folder's mode: others may write to it; what is in it is for its owners to rename and remove (inode(7)). */
const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;
const ROOT = 0;
/** Node writes less than 2 GiB at a time. */
const MAX_WRITE = 2 ** 30;

/**
 * Files in memory that the engine can map by a path although they have no name, and that are gone when nobody has them mapped: what is
 * in them lies in the process's own memory all along, and goes with the process if that is killed. The folder holds links to them
 * only, and empty files of the names that the kernel gives as theirs: the engine looks whether the path leads to something in the folder.
 */
export class UnnamedFiles {
  readonly folder: string;
  readonly #descriptors: number[] = [];

  private constructor(folder: string) {
    this.folder = folder;
  }

  /**
   * Undefined where the system has no such files, or no room for them; and where others could put a folder of theirs in the place of this one.
   * @param bytes how much they will hold
   */
  static open(bytes: number, place = PLACE): UnnamedFiles | undefined {
    try {
      return hasRoom(place, bytes) && isNobodyElses(place)
        ? new UnnamedFiles(mkdtempSync(join(place, "sealserve-weights-")))
        : undefined;
    } catch {
      return undefined;
    }
  }

  /** Adds a file that is found in the folder under `link`. @throws what the system says, or an Error where the file has a name or is not found */
  add(link: string, content: Uint8Array): void {
    const descriptor = openSync(this.folder, O_TMPFILE | constants.O_RDWR, OWNER_ONLY);
    this.#descriptors.push(descriptor);
    const self = `/proc/self/fd/${descriptor}`;
    const name = readlinkSync(self);
    if (fstatSync(descriptor).nlink !== 0 || dirname(name) !== this.folder) {
      throw new Error("the file is not without a name");
    }
    const path = join(this.folder, link);
    writeFileSync(name, "", { flag: "wx", mode: OWNER_ONLY });
    symlinkSync(self, path);
    // As the engine looks for it; when it does so the weights are nowhere else any more.
    if (realpathSync.native(path) !== name || statSync(path).ino !== fstatSync(descriptor).ino) {
      throw new Error("the link does not lead to the file");
    }
    for (let done = 0; done < content.length; ) {
      done += writeSync(descriptor, content, done, Math.min(MAX_WRITE, content.length - done));
    }
  }

  /** Removes the folder. What is mapped stays until it no longer is. */
  close(): void {
    for (const descriptor of this.#descriptors.splice(0)) {
      closeSync(descriptor);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function hasRoom(place: string, bytes: number): boolean {
  const { type, bavail, bsize } = statfsSync(place);
  return type === TMPFS && bavail * bsize >= bytes + RESERVE;
}

/** Who can rename a folder can have other weights read than those that were checked. */
function isNobodyElses(place: string): boolean {
  const { mode, uid } = statSync(place);
  const isShared = (mode & WRITABLE_BY_OTHERS) !== 0 && (mode & STICKY) === 0;
  return !isShared && [ROOT, process.getuid?.()].includes(uid);
}
