import { NodeError } from "../errors.ts";
import { LONGEST_TIMER_MS } from "../transport/longest-timer.ts";

/** The arguments of `--grpc_channel_arguments` that have an effect here. */
export interface ChannelArguments {
  readonly maxConnectionAgeMs: number | undefined;
}

const MAX_AGE = "grpc.max_connection_age_ms";

/**
 * Reads `k=v,k=v` (the server arguments of gRPC's C core). Arguments without an effect here are not looked at.
 *
 * @throws NodeError `bad-option`
 */
export function channelArguments(text: string): ChannelArguments {
  const given = new Map(text.split(",").map((argument): [string, string] => cutAtEquals(argument)));
  const age = given.get(MAX_AGE);
  if (age !== undefined && !/^[1-9]\d{0,9}$/.test(age)) {
    throw new NodeError("bad-option", `${MAX_AGE} in --grpc_channel_arguments cannot be used`, {
      expected: "milliseconds, a whole number from 1",
      actual: age,
    });
  }
  return { maxConnectionAgeMs: age === undefined ? undefined : Math.min(Number(age), LONGEST_TIMER_MS) };
}

function cutAtEquals(argument: string): [string, string] {
  const at = argument.indexOf("=");
  return at < 0 ? [argument, ""] : [argument.slice(0, at), argument.slice(at + 1)];
}
