import type { Change } from "./change.ts";
import type { Forecast } from "./forecast.ts";
import type { PlatformOutlook, TcbOutlook } from "./platform-outlook.ts";

/** A forecast for people: changes by day, then platforms. */
export function forecastText({ at, changes, platforms }: Forecast): string {
  const lines = [
    `Forecast of ${at}, from what is cached`,
    "",
    ...(changes.length === 0 ? ["Nothing is cached."] : changes.map(changeLine)),
    ...(platforms.length === 0 ? [] : ["", ...platforms.flatMap(platformLines)]),
  ];
  return `${lines.join("\n")}\n`;
}

function changeLine({ day, daysLeft, subject, change, why }: Change): string {
  const when =
    day === null || daysLeft === null ? "day not announced" : `${day} (${daysLeft < 0 ? "past" : `in ${daysLeft} d`})`;
  return `${when}  ${subject} ${change}. ${why}`;
}

function platformLines({ qeId, pceId, fmspc, verifiableUntil, because, tcbs }: PlatformOutlook): string[] {
  const until = verifiableUntil === null ? "cannot be verified" : `can be verified until ${verifiableUntil}`;
  return [
    `platform${qeId === "" ? "" : ` ${qeId}/${pceId}`} of FMSPC ${fmspc} ${until}: ${because.join(", ")}.`,
    ...tcbs.map(tcbLine),
  ];
}

function tcbLine({ tcbm, status, advisoryIds, evaluationNumber }: TcbOutlook): string {
  const advisories = advisoryIds.length === 0 ? "" : `, ${advisoryIds.join(", ")}`;
  return `  ${tcbm}: ${status ?? "no status"} (evaluation ${evaluationNumber}${advisories})`;
}
