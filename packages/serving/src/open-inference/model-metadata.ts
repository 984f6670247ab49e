import type { SignatureTensor } from "@sealserve/models";
import { datatypeName, ModelMetadataResponse, type TensorMetadata } from "@sealserve/protocol";
import type { Seal, Servable, VersionStatus } from "../core/servables.ts";
import { defaultSignature } from "./choose-signature.ts";

const platforms = { tensorflow: "tensorflow_savedmodel", onnx: "onnx_onnxv1" } as const;

/**
 * What the Open Inference Protocol tells of a model: the tensors of the signature that runs when none is named. A tensor of
 * unknown rank is described as one of unknown size.
 */
export function describeModel({ name, model, seal }: Servable, known: readonly VersionStatus[]): ModelMetadataResponse {
  const chosen = defaultSignature(model)?.signature;
  return ModelMetadataResponse.create({
    name,
    versions: known.filter(({ state }) => state === "AVAILABLE").map(({ version }) => `${version}`),
    platform: platforms[model.platform],
    inputs: describeTensors(chosen?.inputs),
    outputs: describeTensors(chosen?.outputs),
    properties: describeSeal(seal),
  });
}

/** Of a model from plain files there is nothing to tell. */
function describeSeal(seal: Seal | undefined): Map<string, string> {
  if (seal === undefined) {
    return new Map();
  }
  const { manifestDigest, packageVersion, leaseEndsAt } = seal;
  return new Map([
    ["sealed", "true"],
    ["manifest_digest", manifestDigest],
    ["package_version", `${packageVersion}`],
    ...(leaseEndsAt === undefined ? [] : [["lease_ends_at", leaseEndsAt.toISOString()] as const]),
  ]);
}

function describeTensors(tensors: ReadonlyMap<string, SignatureTensor> = new Map()): TensorMetadata[] {
  return Array.from(tensors, ([name, { dtype, shape }]) => ({
    name,
    datatype: datatypeName(dtype) ?? dtype.toUpperCase(),
    shape: (shape ?? [-1]).map(BigInt),
  }));
}
