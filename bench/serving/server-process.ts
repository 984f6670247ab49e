/** The server under load, in a process of its own, as `sealserve serve` starts it. */
import { startNode } from "../../packages/serving/src/node/start.ts";
import { optionsOfFlags } from "../../packages/serving/src/options/options-of-flags.ts";
import { parseFlags } from "../../packages/serving/src/options/parse-flags.ts";
import { reportWhenAsked } from "./report.ts";

const node = await startNode(await optionsOfFlags(parseFlags(process.argv.slice(2))));
reportWhenAsked({ grpcPort: portOf(node.grpcAddress), restPort: portOf(node.restAddress) });

function portOf(address: string | undefined): number {
  return Number(address?.split(":").at(-1));
}
