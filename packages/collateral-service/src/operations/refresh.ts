import type { RefreshScope } from "../fill.ts";
import { type Answer, done } from "../http/answer.ts";
import { form } from "../http/parameters.ts";
import { invalid, RequestError } from "../http/request-error.ts";
import type { RouteRequest } from "../http/route.ts";
import type { ServiceContext } from "../service-context.ts";

const MAXIMUM_FMSPCS = 256;

/** POST and GET refresh */
export async function refresh({ query }: RouteRequest, { fill }: ServiceContext): Promise<Answer> {
  const scope = readScope(query.get("type"), query.get("fmspc"));
  if (fill.mode === "OFFLINE") {
    throw new RequestError("unavailable", "there is no upstream to refresh from");
  }
  await fill.refresh(scope);
  return done();
}

/** FMSPCs are one, a list in brackets or with commas, or `all`; Intel's admin tool also leaves it empty for all. */
function readScope(type: string | undefined, fmspc: string | undefined): RefreshScope {
  if (type === undefined) {
    return { kind: "documents" };
  }
  if (type !== "certs" || fmspc === undefined) {
    throw invalid("type is not certs, or fmspc is missing");
  }
  if (fmspc === "" || fmspc.toLowerCase() === "all") {
    return { kind: "certificates", fmspcs: "all" };
  }
  const fmspcs = fmspc.replace(/^\[(.*)\]$/, "$1").split(",");
  if (fmspcs.length > MAXIMUM_FMSPCS || !fmspcs.every((one) => form.fmspc.pattern.test(one))) {
    throw invalid("fmspc has another form");
  }
  return { kind: "certificates", fmspcs: fmspcs.map(form.fmspc.read) };
}
