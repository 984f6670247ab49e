/** The system's name of a failed operation on a file or socket (`ENOENT`, …); undefined for any other error. */
export function systemCodeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error ? String(error.code) : undefined;
}

/** Whether an operation failed since what it was for is not there (any more). */
export function isGone(error: unknown): boolean {
  return systemCodeOf(error) === "ENOENT";
}
