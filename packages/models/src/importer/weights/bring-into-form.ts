import type { AxisOrder, WeightForm } from "./weight-form.ts";

/** Elements of a tile: what is read and written of it fits into the first cache. */
const TILE = { rows: 32, columns: 16 };

/** Writes `source` in another form into `target`, which has as many elements and is other memory. */
export function bringIntoForm(source: Float32Array, target: Float32Array, { order, factors }: WeightForm): void {
  const isScaled = order !== undefined && permute(source, target, joinAxes(order), factors);
  if (order === undefined) {
    target.set(source);
  }
  if (factors !== undefined && !isScaled) {
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

/** @returns whether the factors, if there are any, have been applied on the way */
function permute(
  source: Float32Array,
  target: Float32Array,
  { sizes, axes }: AxisOrder,
  factors: Float64Array | undefined,
): boolean {
  const product = (of: readonly number[]): number => of.reduce((all, size) => all * size, 1);
  const turned = axes.map((axis) => sizes[axis] as number);
  const all = axes.map((axis, place): Axis => {
    return { size: sizes[axis] as number, from: product(sizes.slice(axis + 1)), to: product(turned.slice(place + 1)) };
  });
  const isInner = ({ from, to }: Axis): boolean => from === 1 || to === 1;
  const [rows, columns] = [all.find(({ from }) => from === 1), all.find(({ to }) => to === 1)];
  if (rows === undefined || columns === undefined) {
    target.set(source);
    return false;
  }
  const isScaled = rows !== columns && rows.size === factors?.length && rows.size * rows.to === target.length;
  const rowFactors = isScaled ? factors : new Float64Array(rows.size).fill(1);
  const outer = all.filter((axis) => !isInner(axis));
  const walk = (depth: number, from: number, to: number): void => {
    const axis = outer[depth];
    if (axis === undefined) {
      turn(source.subarray(from), target.subarray(to), { rows, columns, rowFactors });
      return;
    }
    for (let index = 0; index < axis.size; index++) {
      walk(depth + 1, from + index * axis.from, to + index * axis.to);
    }
  };
  walk(0, 0, 0);
  return isScaled;
}

/** Two axes, of which one is the last of the source and one the last of the target. */
interface Plane {
  readonly rows: Axis;
  readonly columns: Axis;
  /** What the elements of each row are multiplied by. */
  readonly rowFactors: Float64Array;
}

/** Writes a plane, tile by tile. */
function turn(source: Float32Array, target: Float32Array, { rows, columns, rowFactors }: Plane): void {
  if (rows === columns) {
    target.set(source.subarray(0, rows.size));
    return;
  }
  for (let firstRow = 0; firstRow < rows.size; firstRow += TILE.rows) {
    const endRow = Math.min(firstRow + TILE.rows, rows.size);
    for (let firstColumn = 0; firstColumn < columns.size; firstColumn += TILE.columns) {
      const endColumn = Math.min(firstColumn + TILE.columns, columns.size);
      for (let row = firstRow; row < endRow; row++) {
        const at = row * rows.to;
        const factor = rowFactors[row] as number;
        for (let column = firstColumn; column < endColumn; column++) {
          target[at + column] = (source[row + column * columns.from] as number) * factor;
        }
      }
    }
  }
}
