export { parseServiceConfig } from "./config/parse-service-config.ts";
export type { ServiceConfig } from "./config/service-config.ts";
export { ServiceError, type ServiceErrorCode } from "./errors.ts";
export {
  type CollateralService,
  prepareCollateralService,
  type ServiceOptions,
  startCollateralService,
} from "./service/start-collateral-service.ts";
