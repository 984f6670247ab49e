import { type Answer, done } from "../http/answer.ts";
import type { RouteRequest } from "../http/route.ts";
import type { ServiceContext } from "../service-context.ts";
import { parseUpload } from "../upload/parse-upload.ts";
import { storeUpload } from "../upload/store-upload.ts";
import { verifyUpload } from "../upload/verify-upload.ts";

/** PUT platformcollateral: everything is verified before anything is stored, and all is stored or nothing. */
export async function putCollateral({ body, version }: RouteRequest, context: ServiceContext): Promise<Answer> {
  const verified = await verifyUpload(parseUpload(body, version), context);
  await context.database.write((connection) => storeUpload(connection, verified, context.now()));
  return done();
}
