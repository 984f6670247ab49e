import { field, type MessageOf, message, oneof, repeated } from "@sealserve/protocol";

/** The versions of `grpc.reflection` that are answered. They differ in their names only. */
export type ReflectionVersion = "v1" | "v1alpha";

/** Messages of `grpc.reflection`, in the package of a version. */
export function reflectionMessages(version: ReflectionVersion) {
  const inPackage = (name: string): string => `grpc.reflection.${version}.${name}`;
  const request = requestMessage(inPackage);
  return { request, response: responseMessage(inPackage, request) };
}

function requestMessage(inPackage: (name: string) => string) {
  const extensionRequest = message(inPackage("ExtensionRequest"), {
    containingType: field(1, "string"),
    extensionNumber: field(2, "int32"),
  });
  return message(inPackage("ServerReflectionRequest"), {
    host: field(1, "string"),
    fileByFilename: oneof("message_request", 3, "string"),
    fileContainingSymbol: oneof("message_request", 4, "string"),
    fileContainingExtension: oneof("message_request", 5, extensionRequest),
    allExtensionNumbersOfType: oneof("message_request", 6, "string"),
    listServices: oneof("message_request", 7, "string"),
  });
}

function responseMessage(inPackage: (name: string) => string, request: ReturnType<typeof requestMessage>) {
  const files = message(inPackage("FileDescriptorResponse"), { fileDescriptorProto: repeated(1, "bytes") });
  const extensionNumbers = message(inPackage("ExtensionNumberResponse"), {
    baseTypeName: field(1, "string"),
    extensionNumber: repeated(2, "int32"),
  });
  const service = message(inPackage("ServiceResponse"), { name: field(1, "string") });
  const services = message(inPackage("ListServiceResponse"), { service: repeated(1, service) });
  const error = message(inPackage("ErrorResponse"), { errorCode: field(1, "int32"), errorMessage: field(2, "string") });
  return message(inPackage("ServerReflectionResponse"), {
    validHost: field(1, "string"),
    originalRequest: field(2, request),
    fileDescriptorResponse: oneof("message_response", 4, files),
    allExtensionNumbersResponse: oneof("message_response", 5, extensionNumbers),
    listServicesResponse: oneof("message_response", 6, services),
    errorResponse: oneof("message_response", 7, error),
  });
}

/** A question to the server about its services; exactly one member beside `host` says which. */
export type ReflectionRequest = MessageOf<ReturnType<typeof reflectionMessages>["request"]>;
/** The answer to a question. */
export type ReflectionResponse = MessageOf<ReturnType<typeof reflectionMessages>["response"]>;
