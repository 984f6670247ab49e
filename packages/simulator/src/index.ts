export { type PccsAddress, type PccsContent, type PccsServer, startPccsServer } from "./platform/pccs-server.ts";
export {
  type SimulatedPlatform,
  type SimulatedPlatformOptions,
  startSimulatedPlatform,
} from "./platform/simulated-platform.ts";
export { type MeasureLimits, measureProgram, type ProgramMeasurement } from "./program/measure-program.ts";
export { loadOrCreateSnpVendor, snpRootFile } from "./state/snp-vendor-state.ts";
export { loadOrCreateVendor, vendorRootFile } from "./state/vendor-state.ts";
export * from "./vendor/index.ts";
