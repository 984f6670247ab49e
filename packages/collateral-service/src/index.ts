export type { RestoreSummary } from "./backup/restore-backup.ts";
export { BundleError, type BundleErrorCode } from "./bundle/bundle-error.ts";
export type { BundleSummary } from "./bundle/export-bundle.ts";
export { parseServiceConfig } from "./config/parse-service-config.ts";
export type { ServiceConfig } from "./config/service-config.ts";
export { ServiceError, type ServiceErrorCode } from "./errors.ts";
export type { Change } from "./forecast/change.ts";
export type { Forecast } from "./forecast/forecast.ts";
export { forecastText } from "./forecast/forecast-text.ts";
export type { PlatformOutlook, TcbOutlook } from "./forecast/platform-outlook.ts";
export { CollateralMetrics, type MetricCounts } from "./metrics/collateral-metrics.ts";
export type { Monitoring } from "./server/start-monitoring.ts";
export { type OfflineWork, workOnStore } from "./service/offline-work.ts";
export { startServiceMonitoring } from "./service/service-monitoring.ts";
export {
  type CollateralService,
  prepareCollateralService,
  type ServiceOptions,
  startCollateralService,
} from "./service/start-collateral-service.ts";
