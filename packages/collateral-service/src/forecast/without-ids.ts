import type { Change } from "./change.ts";
import type { Forecast } from "./forecast.ts";
import type { PlatformOutlook } from "./platform-outlook.ts";

/** A forecast that names no platform: those of one FMSPC which fare alike stand in it once. */
export function withoutIds({ at, changes, platforms }: Forecast): Forecast {
  const fmspcs = new Map(platforms.map(({ qeId, pceId, fmspc }) => [`platform ${qeId}/${pceId}`, fmspc]));
  const anonymous = changes.map((change): Change => {
    const fmspc = fmspcs.get(change.subject);
    return fmspc === undefined ? change : { ...change, subject: `platform of FMSPC ${fmspc}` };
  });
  const outlooks = platforms.map((platform): PlatformOutlook => ({ ...platform, qeId: "", pceId: "" }));
  return { at, changes: distinct(anonymous), platforms: distinct(outlooks) };
}

function distinct<Value>(values: readonly Value[]): Value[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}
