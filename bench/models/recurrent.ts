/** Recurrent networks in the form that Keras exports: a loop over tensor lists. The peer has one operation for each. */

import { drawCell, FEATURES, STEPS, UNITS } from "./recurrent-cell.ts";
import { makeRecurrentPeer } from "./recurrent-peer.ts";
import { makeRecurrentSavedModel } from "./recurrent-saved-model.ts";
import { measureSmallModel } from "./small-model.ts";

export async function recurrent(): Promise<void> {
  const data = Float32Array.from({ length: STEPS * FEATURES }, (_, index) => Math.sin(index));
  const inputs = new Map([["input", { dtype: "float32", shape: [1, STEPS, FEATURES], data } as const]]);
  for (const kind of ["LSTM", "GRU"] as const) {
    const cell = drawCell(kind);
    await measureSmallModel({
      name: `${kind} of Keras`,
      about: `batch 1, ${STEPS} steps of ${FEATURES} features, ${UNITS} units; StatelessWhile with TensorLists`,
      savedModel: makeRecurrentSavedModel(cell),
      inputs,
      peer: makeRecurrentPeer(cell),
      peerAbout: `where one ${kind} operation does the whole loop`,
      peerInputs: inputs,
    });
  }
}
