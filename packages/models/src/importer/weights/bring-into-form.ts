import type { AxisOrder, WeightForm } from "./weight-form.ts";

/** Elements of a tile's side: two such tiles of floats fit into the first cache. */
const TILE = 32;

/** Writes `source` in another form into `target`, which has as many elements and is other memory. */
export function bringIntoForm(source: Float32Array, target: Float32Array, { order, factors }: WeightForm): void {
  if (order === undefined) {
    target.set(source);
  } else {
    permute(source, target, joinAxes(order));
  }
  if (factors !== undefined) {
    scale(target, factors);
  }
}

function scale(target: Float32Array, factors: Float64Array): void {
  const length = target.length / factors.length;
  for (let part = 0; part < factors.length; part++) {
    const factor = factors[part] as number;
    for (let index = part * length; index < (part + 1) * length; index++) {
      target[index] = (target[index] as number) * factor;
    }
  }
}

/** The same order with fewer axes: without those of size 1, and with those as one that stay side by side. */
function joinAxes({ sizes, axes }: AxisOrder): AxisOrder {
  const long = axes.filter((axis) => sizes[axis] !== 1);
  const next = new Map([...long].sort((a, b) => a - b).map((axis, place, all) => [all[place - 1], axis]));
  const groups: number[][] = [];
  for (const axis of long) {
    const last = groups.at(-1);
    if (last !== undefined && next.get(last.at(-1)) === axis) {
      last.push(axis);
    } else {
      groups.push([axis]);
    }
  }
  const inSource = groups.toSorted(([a = 0], [b = 0]) => a - b);
  const sizeOf = (group: readonly number[]): number => group.reduce((size, axis) => size * (sizes[axis] as number), 1);
  return { sizes: inSource.map(sizeOf), axes: groups.map((group) => inSource.indexOf(group)) };
}

/** An axis of the result: its size, and how far apart its elements are in source and target. */
interface Axis {
  readonly size: number;
  readonly from: number;
  readonly to: number;
}

function permute(source: Float32Array, target: Float32Array, { sizes, axes }: AxisOrder): void {
  const product = (of: readonly number[]): number => of.reduce((all, size) => all * size, 1);
  const turned = axes.map((axis) => sizes[axis] as number);
  const all = axes.map((axis, place): Axis => {
    return { size: sizes[axis] as number, from: product(sizes.slice(axis + 1)), to: product(turned.slice(place + 1)) };
  });
  const isInner = ({ from, to }: Axis): boolean => from === 1 || to === 1;
  const [rows, columns] = [all.find(({ from }) => from === 1), all.find(({ to }) => to === 1)];
  if (rows === undefined || columns === undefined) {
    target.set(source);
    return;
  }
  const outer = all.filter((axis) => !isInner(axis));
  const walk = (depth: number, from: number, to: number): void => {
    const axis = outer[depth];
    if (axis === undefined) {
      turn(source.subarray(from), target.subarray(to), rows, columns);
      return;
    }
    for (let index = 0; index < axis.size; index++) {
      walk(depth + 1, from + index * axis.from, to + index * axis.to);
    }
  };
  walk(0, 0, 0);
}

/** Two axes, of which one is the last of the source and one the last of the target, tile by tile. */
function turn(source: Float32Array, target: Float32Array, rows: Axis, columns: Axis): void {
  if (rows === columns) {
    target.set(source.subarray(0, rows.size));
    return;
  }
  for (let firstRow = 0; firstRow < rows.size; firstRow += TILE) {
    const endRow = Math.min(firstRow + TILE, rows.size);
    for (let firstColumn = 0; firstColumn < columns.size; firstColumn += TILE) {
      const endColumn = Math.min(firstColumn + TILE, columns.size);
      for (let row = firstRow; row < endRow; row++) {
        const at = row * rows.to;
        for (let column = firstColumn; column < endColumn; column++) {
          target[at + column] = source[row + column * columns.from] as number;
        }
      }
    }
  }
}
