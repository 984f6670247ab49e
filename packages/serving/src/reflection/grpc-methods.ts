import { grpcCodes } from "@sealserve/protocol";
import type { StreamingMethod } from "../grpc/streaming-method.ts";
import type { GrpcMethod, GrpcMethods } from "../grpc/unary-call.ts";
import { DescriptorSet } from "./descriptor-set.ts";
import { type ReflectionRequest, type ReflectionResponse, reflectionMessages } from "./reflection-messages.ts";

/** What an answer has beside the question. */
type Answer = Partial<Omit<ReflectionResponse, "validHost" | "originalRequest">>;

const V1 = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
const V1_ALPHA = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";

/** The rpcs with which a server tells of its services (gRPC Server Reflection Protocol): those of `methods`, and these. */
export function reflectionMethods(methods: GrpcMethods): GrpcMethods {
  const descriptors = new DescriptorSet([...methods.keys(), V1, V1_ALPHA]);
  return new Map<string, GrpcMethod>([
    [V1, reflection(descriptors, reflectionMessages("v1"))],
    [V1_ALPHA, reflection(descriptors, reflectionMessages("v1alpha"))],
  ]);
}

function reflection(
  descriptors: DescriptorSet,
  { request, response }: ReturnType<typeof reflectionMessages>,
): StreamingMethod {
  return {
    serve: async function* (requests) {
      for await (const bytes of requests) {
        const question = request.decode(bytes);
        const { host: validHost } = question;
        yield response.encode({ validHost, originalRequest: question, ...answer(descriptors, question) });
      }
    },
  };
}

function answer(descriptors: DescriptorSet, question: ReflectionRequest): Answer {
  if (question.listServices !== undefined) {
    return { listServicesResponse: { service: descriptors.services.map((name) => ({ name })) } };
  }
  if (question.fileByFilename !== undefined) {
    return fileAnswer(descriptors.file(question.fileByFilename), "file");
  }
  if (question.fileContainingSymbol !== undefined) {
    return fileAnswer(descriptors.fileContaining(question.fileContainingSymbol), "symbol");
  }
  if (question.fileContainingExtension !== undefined || question.allExtensionNumbersOfType !== undefined) {
    return failure(grpcCodes.NOT_FOUND.number, "No message of this server has extensions");
  }
  return failure(grpcCodes.INVALID_ARGUMENT.number, "The request asks for nothing that is known");
}

function fileAnswer(file: Uint8Array | undefined, what: string): Answer {
  return file === undefined
    ? failure(grpcCodes.NOT_FOUND.number, `The server knows no such ${what}`)
    : { fileDescriptorResponse: { fileDescriptorProto: [file] } };
}

function failure(errorCode: number, errorMessage: string): Answer {
  return { errorResponse: { errorCode, errorMessage } };
}
