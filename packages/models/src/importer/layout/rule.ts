import type { GraphOperation, Value } from "../onnx-graph.ts";
import type { ImageForms } from "./image-forms.ts";

/** Gives other values for the outputs of an operation; undefined where it stays as it is. */
export type LayoutRule = (operation: GraphOperation, forms: ImageForms) => readonly Value[] | undefined;
