import type { Progress } from "@sealserve/encrypted-files";
import { ProgressBar } from "../output/progress-bar.ts";
import { tell } from "../output/terminal.ts";

/** How a job tells how far it is: by the bar, and by lines that do not run into the bar. */
export interface Reporter {
  readonly onProgress: (progress: Progress) => void;
  readonly say: (line: string) => void;
}

/** Runs a job under a progress bar. */
export async function withProgress<Result>(
  label: string,
  job: (reporter: Reporter) => Promise<Result>,
): Promise<Result> {
  const bar = new ProgressBar(label);
  const say = (line: string): void => {
    bar.clear();
    tell(line);
  };
  try {
    return await job({ onProgress: ({ done, total }) => bar.update(done, total), say });
  } finally {
    bar.clear();
  }
}
