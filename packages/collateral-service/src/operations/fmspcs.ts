import { type Answer, jsonAnswer } from "../http/answer.ts";
import { form, optional } from "../http/parameters.ts";
import { RequestError } from "../http/request-error.ts";
import type { RouteRequest } from "../http/route.ts";
import type { ServiceContext } from "../service-context.ts";

/** GET fmspcs: what Intel lists, passed on. Nobody signs it. */
export async function getFmspcs(
  { query, admission }: RouteRequest,
  { fill }: Pick<ServiceContext, "fill">,
): Promise<Answer> {
  const group = optional("platform", query.get("platform"), form.fmspcGroup) ?? "all";
  const listed = await fill.fmspcs(group, admission);
  if (listed === undefined) {
    throw new RequestError("not-cached", "FMSPCs are passed on from upstream in the mode LAZY alone");
  }
  return jsonAnswer(listed);
}
