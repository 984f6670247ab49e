import { badJpeg } from "./bad-jpeg.ts";
import type { Frame } from "./frame.ts";
import type { Plane } from "./planes.ts";

/** Gives a row of a component in the full size of the image; it stands until the next one is asked for. */
export type RowSource = (row: number) => Uint8Array;

/**
 * Rows of a component, whose samples are multiplied where it has fewer than others: between two of them by what lies between,
 * as libjpeg does (jdsample.c), or else by repetition.
 * @param smooth whether twice as many samples are made by what lies between
 * @throws ServingError `INVALID_ARGUMENT` for a sampling that is no part of the largest
 */
export function rowSource(plane: Plane, frame: Frame, smooth: boolean): RowSource {
  const { across, down } = plane.component;
  if (frame.across % across !== 0 || frame.down % down !== 0) {
    throw badJpeg("the sampling of a colour is no part of the largest");
  }
  const [timesAcross, timesDown] = [frame.across / across, frame.down / down];
  const isSmoothAcross = smooth && timesAcross === 2 && plane.component.width > 2;
  if (isSmoothAcross && timesDown === 1) {
    return smoothAcross(plane, frame);
  }
  if (isSmoothAcross && timesDown === 2) {
    return smoothBoth(plane, frame);
  }
  return smooth && timesAcross === 1 && timesDown === 2
    ? smoothDown(plane)
    : repeated(plane, frame, timesAcross, timesDown);
}

function samplesOf({ samples, stride, component }: Plane, row: number): Uint8Array {
  const within = Math.min(Math.max(row, 0), component.height - 1);
  return samples.subarray(within * stride, within * stride + component.width);
}

function repeated(plane: Plane, frame: Frame, timesAcross: number, timesDown: number): RowSource {
  if (timesAcross === 1) {
    return (row) => samplesOf(plane, Math.floor(row / timesDown));
  }
  const target = new Uint8Array(frame.width);
  return (row) => {
    const source = samplesOf(plane, Math.floor(row / timesDown));
    for (let column = 0; column < target.length; column++) {
      target[column] = source[Math.floor(column / timesAcross)] as number;
    }
    return target;
  };
}

/** Three parts of the nearer sample and one of the next, rounded down and up by turns. */
function smoothAcross(plane: Plane, frame: Frame): RowSource {
  const target = new Uint8Array(frame.width + 1);
  return (row) => {
    const source = samplesOf(plane, row);
    const last = source.length - 1;
    for (let column = 0; column <= last; column++) {
      const near = source[column] as number;
      const before = source[column - 1];
      const behind = source[column + 1];
      target[2 * column] = before === undefined ? near : (3 * near + before + 1) >> 2;
      target[2 * column + 1] = behind === undefined ? near : (3 * near + behind + 2) >> 2;
    }
    return target;
  };
}

function smoothDown(plane: Plane): RowSource {
  const target = new Uint8Array(plane.component.width);
  return (row) => {
    const [near, far] = nearestRows(plane, row);
    const rounding = row % 2 === 0 ? 1 : 2;
    for (let column = 0; column < target.length; column++) {
      target[column] = (3 * (near[column] as number) + (far[column] as number) + rounding) >> 2;
    }
    return target;
  };
}

function smoothBoth(plane: Plane, frame: Frame): RowSource {
  const target = new Uint8Array(frame.width + 1);
  const mixed = new Uint16Array(plane.component.width);
  return (row) => {
    const [near, far] = nearestRows(plane, row);
    for (let column = 0; column < mixed.length; column++) {
      mixed[column] = 3 * (near[column] as number) + (far[column] as number);
    }
    for (let column = 0; column < mixed.length; column++) {
      const middle = mixed[column] as number;
      const [before, behind] = [mixed[column - 1] ?? middle, mixed[column + 1] ?? middle];
      target[2 * column] = (3 * middle + before + 8) >> 4;
      target[2 * column + 1] = (3 * middle + behind + 7) >> 4;
    }
    return target;
  };
}

/** The row of samples that a row of the image lies in, and the next one on its other side. */
function nearestRows(plane: Plane, row: number): [near: Uint8Array, far: Uint8Array] {
  const near = Math.floor(row / 2);
  return [samplesOf(plane, near), samplesOf(plane, row % 2 === 0 ? near - 1 : near + 1)];
}
