import { ByteReader } from "@sealserve/core";
import { malformedGpuEvidence } from "./gpu-evidence-error.ts";

/** The measurement specification of DMTF, the only one that SPDM 1.1 defines. */
const DMTF = 1;

/** One measurement of a device (DMTF DSP0274 version 1.1, measurement block format). */
export interface MeasurementBlock {
  /** 1 to 255. */
  readonly index: number;
  /** Always 1: DMTF. */
  readonly specification: number;
  /** Bit 7: `value` is what was measured instead of its digest; bits 0 to 6: kind of thing measured. */
  readonly type: number;
  readonly value: Uint8Array;
}

/**
 * Reads a measurement record, which must be consumed exactly by its blocks.
 * @param count blocks that the response announces
 */
export function readMeasurementRecord(record: Uint8Array, count: number): MeasurementBlock[] {
  const reader = new ByteReader(record);
  const blocks = new Map<number, MeasurementBlock>();
  for (let read = 0; read < count; read++) {
    const block = readBlock(reader);
    if (block.index === 0 || blocks.has(block.index)) {
      throw malformedGpuEvidence("measurement has an index that is zero or taken", undefined, `${block.index}`);
    }
    blocks.set(block.index, block);
  }
  reader.expectEnd("measurement record");
  return [...blocks.values()];
}

function readBlock(reader: ByteReader): MeasurementBlock {
  const index = reader.u8();
  const specification = reader.u8();
  if (specification !== DMTF) {
    throw malformedGpuEvidence("measurement is of another specification", `${DMTF}`, `${specification}`);
  }
  const measurement = new ByteReader(reader.bytes(reader.u16()));
  const type = measurement.u8();
  const value = measurement.bytes(measurement.u16());
  measurement.expectEnd("measurement");
  return { index, specification, type, value };
}
