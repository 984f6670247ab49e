/** Axes of an image: TensorFlow's order is batch, height, width, channels; the engine's batch, channels, height, width. */
export const TO_CHANNELS_FIRST = [0, 3, 1, 2];
/** The way back. */
export const TO_CHANNELS_LAST = [0, 2, 3, 1];
/** Number of axes of an image. */
export const IMAGE_RANK = 4;

/** Whether an order of axes, if there is one, is `expected`. */
export function isOrder(order: readonly number[] | undefined, expected: readonly number[]): boolean {
  return order?.length === expected.length && order.every((axis, position) => axis === expected[position]);
}

/** What is given for each axis of a channels-last image, in the order of its channels-first form. */
export function toChannelsFirst<Item>(items: readonly Item[]): Item[] {
  return TO_CHANNELS_FIRST.map((axis) => items[axis] as Item);
}

/** Which axis of its channels-first form is this one of a channels-last image, counted from the back when negative. */
export function axisInChannelsFirst(axis: number): number {
  return TO_CHANNELS_FIRST.indexOf(axis < 0 ? axis + IMAGE_RANK : axis);
}
