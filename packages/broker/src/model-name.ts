const MODEL_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** Whether a text can name a model, as sealed packages name them. Nothing else reaches a look-up or a log line. */
export function isModelName(text: string): boolean {
  return MODEL_NAME.test(text);
}
