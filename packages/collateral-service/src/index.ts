export { ServiceError, type ServiceErrorCode } from "./errors.ts";
