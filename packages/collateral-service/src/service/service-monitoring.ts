import type { ServiceConfig } from "../config/service-config.ts";
import type { CollateralMetrics } from "../metrics/collateral-metrics.ts";
import { type Monitoring, startMonitoring } from "../server/start-monitoring.ts";
import { openDatabase } from "./open-database.ts";

/** What the monitoring of a service is opened with. */
export interface ServiceMonitoringOptions {
  readonly metrics: CollateralMetrics;
  readonly isReady: () => boolean;
  readonly now: () => Date;
  readonly onFault: (error: unknown) => void;
}

/**
 * Opens the port for those who run the service where the configuration names one, with a connection of its own to the
 * database: one for all processes of a service.
 * @throws ServiceError
 */
export async function startServiceMonitoring(
  { monitoring, database: place }: Pick<ServiceConfig, "monitoring" | "database">,
  options: ServiceMonitoringOptions,
): Promise<Monitoring | undefined> {
  if (monitoring === undefined) {
    return undefined;
  }
  const database = await openDatabase(place, options.onFault);
  try {
    const started = await startMonitoring({ ...options, listen: monitoring, database });
    return {
      url: started.url,
      close: async () => {
        await started.close();
        await database.close();
      },
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}
