import type { Tensor } from "@sealserve/protocol";

import { ModelError } from "../errors.ts";
import type { GraphPort, RunnableGraph } from "../runnable-graph.ts";
import type { RunnableSignature } from "../runnable-signature.ts";
import { describeRunFailure } from "./run-error.ts";
import type { Sessions } from "./sessions.ts";
import { type EngineTensor, fromEngineTensor, toEngineTensor } from "./tensors.ts";

/**
 * A graph whose model has a session, as something to run.
 * @param place position of the model among the sessions
 */
export function bindGraph(
  { inputs, outputs }: Omit<RunnableGraph, "model">,
  sessions: Sessions,
  place: number,
): RunnableSignature {
  return {
    inputs,
    outputs: [...outputs.keys()],
    run: async (tensors, names) => {
      const wanted = names.map((name) => [name, portOf(outputs, name)] as const);
      const fetches = [...new Set(wanted.map(([, port]) => port.name))];
      const feeds = feedGraph(inputs, tensors);
      const results = await sessions.run(place, feeds, fetches).catch((error: unknown) => {
        throw describeRunFailure(error instanceof Error ? error.message : "");
      });
      return new Map(wanted.map(([name, port]) => [name, takeResult(results, port)]));
    },
  };
}

function feedGraph(
  ports: ReadonlyMap<string, GraphPort>,
  tensors: ReadonlyMap<string, Tensor>,
): Map<string, EngineTensor> {
  const feeds = new Map<string, EngineTensor>();
  for (const [name, port] of ports) {
    const tensor = tensors.get(name);
    if (tensor !== undefined) {
      feeds.set(port.name, toEngineTensor(tensor));
    }
  }
  return feeds;
}

function portOf(ports: ReadonlyMap<string, GraphPort>, name: string): GraphPort {
  const port = ports.get(name);
  if (port === undefined) {
    throw new ModelError("engine-failed", `the graph has no output ${JSON.stringify(name)}`);
  }
  return port;
}

function takeResult(results: ReadonlyMap<string, EngineTensor>, { name, dtype }: GraphPort): Tensor {
  const result = results.get(name);
  if (result === undefined) {
    throw new ModelError("engine-failed", "the engine did not give an output that the model declares");
  }
  return fromEngineTensor(result, dtype);
}
