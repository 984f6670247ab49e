import type { DataType, Tensor } from "@sealserve/protocol";

import { ModelError } from "../errors.ts";
import { makeElements } from "../interpreter/elements.ts";
import type { TableTypes } from "../interpreter/lookup/lookup-table.ts";
import { parseNumber } from "../interpreter/strings/parse-number.ts";
import type { FlatNode } from "./flat-graph.ts";

/** Indices that stand for no column: the number of the line, the whole line. */
const LINE_NUMBER = -1;
const WHOLE_LINE = -2;

/**
 * Keys and values out of a text file with a line for each, as InitializeTableFromTextFileV2 reads it (lookup_util.cc).
 * @throws ModelError `bad-graph` for a line that has too few columns or no number where one should be
 */
export function parseTextFile(node: FlatNode, types: TableTypes, content: Uint8Array): [keys: Tensor, values: Tensor] {
  const integer = (name: string, fallback: number): number => Number(node.attribute(name)?.i ?? fallback);
  const [keyIndex, valueIndex] = [integer("key_index", WHOLE_LINE), integer("value_index", LINE_NUMBER)];
  const delimiter = Buffer.from(node.attribute("delimiter")?.s ?? Buffer.from("\t")).toString("latin1");
  const lines = wantedLines(node, integer("vocab_size", -1), linesOf(content));
  const column = (index: number, dtype: DataType): Tensor =>
    readColumn(
      lines.map((line) => (index === WHOLE_LINE || index === LINE_NUMBER ? [line] : line.split(delimiter))),
      {
        node,
        index,
        dtype,
        firstNumber: integer("offset", 0),
      },
    );
  return [column(keyIndex, types.keys), column(valueIndex, types.values)];
}

/** Lines, as texts with a character for each byte. Carriage returns are left out wherever they are, as TensorFlow does. */
function linesOf(content: Uint8Array): string[] {
  const text = Buffer.from(content.buffer, content.byteOffset, content.length).toString("latin1").replaceAll("\r", "");
  const lines = text.split("\n");
  return lines.slice(0, lines.at(-1) === "" ? -1 : undefined);
}

function wantedLines(node: FlatNode, wanted: number, lines: readonly string[]): readonly string[] {
  if (wanted > lines.length) {
    throw unfit(node, `has ${lines.length} lines, not the ${wanted} that it should have`);
  }
  return wanted < 0 ? lines : lines.slice(0, wanted);
}

interface Column {
  readonly node: FlatNode;
  readonly index: number;
  readonly dtype: DataType;
  /** What the first line's number is. */
  readonly firstNumber: number;
}

function readColumn(rows: readonly (readonly string[])[], { node, index, dtype, firstNumber }: Column): Tensor {
  const elements = makeElements(dtype, rows.length);
  for (const [number, row] of rows.entries()) {
    const text = row[Math.max(index, 0)];
    if (text === undefined) {
      throw unfit(node, `lacks column ${index} in line ${number + 1}`);
    }
    const element = index === LINE_NUMBER ? lineNumber(dtype, firstNumber + number) : parseElement(dtype, text);
    if (element === undefined) {
      throw unfit(node, `has no ${dtype} in line ${number + 1}`);
    }
    elements.set(element, number);
  }
  return { dtype, shape: [rows.length], data: elements.data };
}

function lineNumber(dtype: DataType, number: number): Tensor["data"] | undefined {
  return dtype === "int64" ? BigInt64Array.of(BigInt(number)) : undefined;
}

function parseElement(dtype: DataType, text: string): Tensor["data"] | undefined {
  return dtype === "string" ? [Buffer.from(text, "latin1")] : parseNumber(dtype, text);
}

function unfit(node: FlatNode, what: string): ModelError {
  return new ModelError("bad-graph", `the file that node ${JSON.stringify(node.name)} fills a table from ${what}`);
}
