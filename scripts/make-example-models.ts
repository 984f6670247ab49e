/**
 * Writes the project's own example models into a folder: `half_plus_two` (TensorFlow SavedModel with its variables in a
 * checkpoint) and `tiny_classifier` (ONNX). `npm run example-models -- FOLDER`
 */
import { writeExampleModels } from "@sealserve/models";

const directory = process.argv[2];
if (directory === undefined) {
  process.stderr.write("name the folder: npm run example-models -- FOLDER\n");
  process.exitCode = 2;
} else {
  await writeExampleModels(directory);
  process.stdout.write(`${directory}/half_plus_two\n${directory}/tiny_classifier\n`);
}
