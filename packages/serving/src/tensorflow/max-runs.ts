/** Calls that TensorFlow runs at one time, each on a thread of its own; others wait for their turns. */
export const MAX_RUNS = 16;
