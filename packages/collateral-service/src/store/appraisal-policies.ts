import type { SqlConnection } from "../sql/database.ts";
import { integerIn, textIn } from "../sql/row.ts";

/** What Intel's appraisal engine calls a policy, for platforms of one FMSPC. */
export interface AppraisalPolicy {
  /** SHA-384 of the text, lower-case hex. */
  readonly id: string;
  readonly fmspc: string;
  readonly kind: "SGX" | "TDX10" | "TDX15";
  readonly isDefault: boolean;
  /** A JWS; its signature is for the appraising side to check. */
  readonly text: string;
}

/** Stores a policy; a new default takes the place of the old one of its FMSPC. */
export async function putAppraisalPolicy(connection: SqlConnection, policy: AppraisalPolicy): Promise<void> {
  const { id, fmspc, kind, isDefault, text } = policy;
  if (isDefault) {
    await connection.query("UPDATE appraisal_policies SET is_default = 0 WHERE fmspc = $1", [fmspc]);
  }
  await connection.query(
    `INSERT INTO appraisal_policies (id, fmspc, kind, is_default, text) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (fmspc, id) DO UPDATE SET kind = excluded.kind, is_default = excluded.is_default, text = excluded.text`,
    [id, fmspc, kind, isDefault ? 1 : 0, text],
  );
}

/** Texts of the default policies of an FMSPC. */
export async function listDefaultPolicies(connection: SqlConnection, fmspc: string): Promise<string[]> {
  const sql = "SELECT text FROM appraisal_policies WHERE fmspc = $1 AND is_default = 1 ORDER BY id";
  return (await connection.query(sql, [fmspc])).map((row) => textIn(row, "text"));
}

/** All policies, defaults and others. */
export async function listAppraisalPolicies(connection: SqlConnection): Promise<AppraisalPolicy[]> {
  const sql = "SELECT id, fmspc, kind, is_default, text FROM appraisal_policies ORDER BY fmspc, id";
  return (await connection.query(sql)).map((row) => ({
    id: textIn(row, "id"),
    fmspc: textIn(row, "fmspc"),
    kind: textIn(row, "kind") as AppraisalPolicy["kind"],
    isDefault: integerIn(row, "is_default") === 1,
    text: textIn(row, "text"),
  }));
}
