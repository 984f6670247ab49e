import { PlatformError, type PlatformErrorCode, systemErrorName } from "../errors.ts";

/** The step of making a report that failed. */
export type TsmStep = "make entry" | "read attribute" | "write privilege level" | "write report data" | "read report";

interface Meaning {
  readonly code: PlatformErrorCode;
  readonly remedy?: string;
}

const BUSY: Meaning = { code: "tsm-busy", remedy: "try again; another program is asking for a report" };
const NOT_PERMITTED: Meaning = {
  code: "tsm-not-permitted",
  remedy: "run as the user that owns the folder, root unless changed",
};
const NO_DRIVER: Meaning = { code: "tsm-provider-missing", remedy: "load the guest driver: tdx_guest or sev_guest" };

/** What a system error means at any step. */
const ANYWHERE: Readonly<Record<string, Meaning>> = {
  EBUSY: BUSY,
  EAGAIN: BUSY,
  EINTR: BUSY,
  ETXTBSY: BUSY,
  EACCES: NOT_PERMITTED,
  EPERM: NOT_PERMITTED,
  EROFS: NOT_PERMITTED,
  ENOENT: { code: "tsm-attribute-missing", remedy: "check that the folder is configfs's tsm/report" },
};

/** What it means at one step, and what any other error means there. */
const AT_STEP: Readonly<Record<TsmStep, Readonly<Record<string, Meaning>> & { readonly other: Meaning }>> = {
  "make entry": {
    EEXIST: BUSY,
    ENOENT: {
      code: "tsm-directory-missing",
      remedy: "mount configfs; Linux 6.7 or later with the guest driver of the TEE is needed",
    },
    ENOTDIR: { code: "tsm-directory-missing", remedy: "name configfs's folder tsm/report" },
    ENXIO: NO_DRIVER,
    other: { code: "tsm-provider-missing" },
  },
  "read attribute": { ENXIO: NO_DRIVER, other: { code: "tsm-attribute-missing" } },
  "write privilege level": {
    ENXIO: NO_DRIVER,
    EINVAL: { code: "tsm-privilege-level-refused", remedy: "ask for a level from privlevel_floor to 3" },
    other: { code: "tsm-privilege-level-refused" },
  },
  "write report data": { other: { code: "report-data-not-written" } },
  "read report": {
    EFBIG: { code: "quote-too-long", remedy: "update the guest's kernel" },
    other: { code: "quote-not-made", remedy: "check that the host's quoting service answers" },
  },
};

/** The error for a failed operation on Linux's report interface (Linux Documentation/ABI/testing/configfs-tsm-report). */
export function tsmFault(step: TsmStep, path: string, cause: unknown): PlatformError {
  const name = systemErrorName(cause);
  const meaning = AT_STEP[step][name] ?? ANYWHERE[name] ?? AT_STEP[step].other;
  return new PlatformError(meaning.code, `cannot ${step}: ${path}`, { actual: name, remedy: meaning.remedy, cause });
}
