import {
  type Document,
  isAlias,
  isMap,
  isNode,
  Lexer,
  LineCounter,
  Parser,
  parseDocument,
  visit,
  type YAMLMap,
} from "yaml";
import { ConfigError } from "./errors.ts";
import type { ConfigSource } from "./source.ts";
import { ConfigValue, memberName } from "./value.ts";

/** A longer configuration is refused, in characters. */
const MAX_LENGTH = 1 << 18;

/** Deeper nesting is refused: the YAML library composes and visits values by recursion. */
const MAX_DEPTH = 64;

/** Longest part of a refused name that a message repeats. */
const SHOWN_LENGTH = 80;

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
  const source: ConfigSource = { file, lineOf: (offset) => lines.linePos(offset).line };
  refuseDepth(text, lines, source);
  const document = parseDocument(text, {
    prettyErrors: false,
    schema: "core",
    strict: true,
    stringKeys: true,
    // The library compares each name with all before it; refuseDuplicates takes one pass.
    uniqueKeys: false,
  });
  refuseSyntaxErrors(document, source);
  refuseIndirection(document, source);
  return new ConfigValue(source, [], document.contents ?? undefined, 0);
}

/** Follows the nesting with the library's parser, which does not recurse; notes the starts of lines on the way. */
function refuseDepth(text: string, lines: LineCounter, source: ConfigSource): void {
  lines.addNewLine(0);
  const parser = new Parser(lines.addNewLine);
  for (const lexeme of new Lexer().lex(text)) {
    // The parser moves on as its tokens are taken; the tokens themselves are not needed here.
    Array.from(parser.next(lexeme));
    // The stack has the document below the values.
    if (parser.stack.length - 1 > MAX_DEPTH) {
      throw unreadable(source, parser.offset - lexeme.length, `values are nested more than ${MAX_DEPTH} deep`);
    }
  }
}

function refuseSyntaxErrors(document: Document, source: ConfigSource): void {
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem !== undefined) {
    throw unreadable(source, problem.pos[0], problem.message);
  }
}

/** Refuses what makes a member mean something else than its own line says. */
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
      if (isMap(node)) {
        refuseDuplicates(node, source);
      }
    },
  });
}

function refuseDuplicates(mapping: YAMLMap, source: ConfigSource): void {
  const names = new Set<string>();
  for (const { key } of mapping.items) {
    const name = memberName(key);
    if (names.has(name)) {
      const offset = isNode(key) ? (key.range?.[0] ?? 0) : 0;
      const shown = JSON.stringify(name.slice(0, SHOWN_LENGTH));
      throw unreadable(source, offset, `the member ${shown} is not unique in its mapping`);
    }
    names.add(name);
  }
}

function unreadable(source: ConfigSource, offset: number, problem: string): ConfigError {
  const message = `${source.file}:${source.lineOf(offset)}: not a usable YAML document: ${problem}; correct this line`;
  return new ConfigError("bad-yaml", message);
}
