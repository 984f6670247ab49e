import type { ModelReport, SignatureReport, StepOutline } from "@sealserve/models";
import { bodyName, STEP_NAMES } from "./report-text.ts";

const BOX_WIDTH = 300;
const LINE_HEIGHT = 16;
const MARGIN = 20;
const GAP = { x: 40, y: 36 };
/** Lines of operations in a box; the rest is counted. */
const MAX_LINES = 8;
const COLOURS: Readonly<Record<StepOutline["kind"], string>> = {
  island: "#d8e8f8",
  kernel: "#f8ecd0",
  loop: "#e4f2dc",
  branch: "#e4f2dc",
  switch: "#eee4f4",
  merge: "#eee4f4",
};
const PLAIN_COLOUR = "#eeeeee";

interface Box {
  readonly x: number;
  readonly y: number;
  readonly lines: readonly string[];
  readonly colour: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** The plans of a model's signatures as an SVG document, one below the other, what goes in at the top of each. */
export function drawPlan({ signatures }: ModelReport): string {
  const elements: string[] = [];
  let [width, y] = [0, MARGIN];
  for (const [key, signature] of Object.entries(signatures)) {
    const boxes = placeBoxes(signature, y + 2 * LINE_HEIGHT);
    elements.push(
      text(MARGIN, y + LINE_HEIGHT, `signature ${JSON.stringify(key)}`),
      ...drawEdges(boxes),
      ...boxes.map(drawBox),
    );
    width = Math.max(width, ...boxes.map((box) => box.x + BOX_WIDTH));
    y = Math.max(y, ...boxes.map((box) => box.y + heightOf(box))) + GAP.y;
  }
  const size = `width="${width + MARGIN}" height="${y + MARGIN}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${size} font-family="monospace" font-size="12">\n${elements.join("\n")}\n</svg>\n`;
}

/** Boxes in rows: each step in the first row below all that it takes its inputs from. */
function placeBoxes({ inputs, outputs, steps, refusal }: SignatureReport, top: number): Box[] {
  if (refusal !== undefined) {
    return [{ x: MARGIN, y: top, lines: wrapText(refusal), colour: PLAIN_COLOUR, inputs: [], outputs: [] }];
  }
  const rows: Omit<Box, "x" | "y">[][] = [[plainBox("input", Object.keys(inputs))]];
  const rowOf = new Map<string, number>();
  for (const step of steps) {
    const row = step.inputs.reduce((below, name) => Math.max(below, (rowOf.get(name) ?? 0) + 1), 1);
    for (const name of step.outputs) {
      rowOf.set(name, row);
    }
    rows[row] = [...(rows[row] ?? []), stepBox(step)];
  }
  return stackRows([...rows, [plainBox("output", Object.keys(outputs))]], top);
}

function stackRows(rows: readonly (readonly Omit<Box, "x" | "y">[])[], top: number): Box[] {
  const boxes: Box[] = [];
  let y = top;
  for (const row of rows) {
    const placed = row.map((box, column) => ({ ...box, x: MARGIN + column * (BOX_WIDTH + GAP.x), y }));
    boxes.push(...placed);
    y = Math.max(y, ...placed.map((box) => box.y + heightOf(box))) + GAP.y;
  }
  return boxes;
}

function plainBox(what: string, names: readonly string[]): Omit<Box, "x" | "y"> {
  const lines = limitLines(names.map((name) => `${what} ${JSON.stringify(name)}`));
  return { lines, colour: PLAIN_COLOUR, inputs: [], outputs: [] };
}

function stepBox(step: StepOutline): Omit<Box, "x" | "y"> {
  const bodies = step.bodies.map((body, position) => `${bodyName(step, position)}: ${body.length} steps`);
  const operations = Object.entries(step.operations).map(([op, count]) => `${op} × ${count}`);
  const lines = [STEP_NAMES[step.kind], ...limitLines([...bodies, ...operations])];
  return { lines, colour: COLOURS[step.kind], inputs: step.inputs, outputs: step.outputs };
}

function limitLines(lines: readonly string[]): string[] {
  return lines.length <= MAX_LINES
    ? [...lines]
    : [...lines.slice(0, MAX_LINES), `and ${lines.length - MAX_LINES} more`];
}

function wrapText(line: string): string[] {
  return line.match(/.{1,38}(?:\s|$)|.{38}/g) ?? [line];
}

function heightOf({ lines }: Box): number {
  return (lines.length + 1) * LINE_HEIGHT;
}

function drawEdges(boxes: readonly Box[]): string[] {
  const maker = new Map(boxes.flatMap((box) => box.outputs.map((name) => [name, box] as const)));
  return boxes.flatMap((box) => {
    const from = new Set(box.inputs.flatMap((name) => maker.get(name) ?? []));
    return [...from].map((source) => {
      const [x1, y1, x2, y2] = [source.x + BOX_WIDTH / 2, source.y + heightOf(source), box.x + BOX_WIDTH / 2, box.y];
      const middle = (y1 + y2) / 2;
      return `<path d="M ${x1} ${y1} C ${x1} ${middle}, ${x2} ${middle}, ${x2} ${y2}" fill="none" stroke="#888888"/>`;
    });
  });
}

function drawBox(box: Box): string {
  const { x, y, lines, colour } = box;
  const frame = `<rect x="${x}" y="${y}" width="${BOX_WIDTH}" height="${heightOf(box)}" rx="4" fill="${colour}" stroke="#555555"/>`;
  return [frame, ...lines.map((line, index) => text(x + 8, y + (index + 1) * LINE_HEIGHT, line))].join("\n");
}

function text(x: number, y: number, content: string): string {
  return `<text x="${x}" y="${y}">${escapeXml(content)}</text>`;
}

/** Names come from the model: what XML has for markup, and what it does not take at all, is replaced. */
function escapeXml(content: string): string {
  const marks: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  const characters = Array.from(content.toWellFormed(), (character) => {
    const isTaken = character >= " " && character !== "\ufffe" && character !== "\uffff";
    return isTaken ? (marks[character] ?? character) : "\ufffd";
  });
  return characters.join("");
}
