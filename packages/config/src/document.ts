import { type Document, isAlias, isNode, LineCounter, parseDocument, visit } from "yaml";
import { ConfigError } from "./errors.ts";
import type { ConfigSource } from "./source.ts";
import { ConfigValue } from "./value.ts";

/** A longer configuration is refused, in characters. */
const MAX_LENGTH = 1 << 20;

/**
 * Reads one YAML 1.2 document (core schema). Anchors, aliases, merge keys, tags, duplicate members and a second document
 * are refused, so that what a reviewer reads is what counts.
 *
 * @param text content of the file
 * @param file name for messages; relative paths in the configuration start at its folder
 * @returns the document's root value
 * @throws ConfigError `bad-yaml`
 */
export function parseYamlDocument(text: string, file: string): ConfigValue {
  if (text.length > MAX_LENGTH) {
    throw new ConfigError("bad-yaml", `${file}:1: the file has more than ${MAX_LENGTH} characters; shorten it`);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    schema: "core",
    strict: true,
    stringKeys: true,
    uniqueKeys: true,
  });
  const source: ConfigSource = { file, lineOf: (offset) => lines.linePos(offset).line };
  refuseSyntaxErrors(document, source);
  refuseIndirection(document, source);
  return new ConfigValue(source, [], document.contents ?? undefined, 0);
}

function refuseSyntaxErrors(document: Document, source: ConfigSource): void {
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem !== undefined) {
    throw unreadable(source, problem.pos[0], problem.message);
  }
}

function refuseIndirection(document: Document, source: ConfigSource): void {
  visit(document, {
    Node(_key, node) {
      const offset = isNode(node) ? (node.range?.[0] ?? 0) : 0;
      if (isAlias(node) || node.anchor !== undefined) {
        throw unreadable(source, offset, "anchors and aliases are not read here");
      }
      if (node.tag !== undefined) {
        throw unreadable(source, offset, `the tag ${node.tag} is not read here`);
      }
    },
  });
}

function unreadable(source: ConfigSource, offset: number, problem: string): ConfigError {
  const message = `${source.file}:${source.lineOf(offset)}: not a usable YAML document: ${problem}; correct this line`;
  return new ConfigError("bad-yaml", message);
}
