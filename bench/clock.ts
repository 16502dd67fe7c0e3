/** One clock for all processes of a run: milliseconds of the machine's monotonic clock, to the microsecond. */
const begun_ms = Number(process.hrtime.bigint()) / 1e6 - performance.now();

export const monotonic_ms = (): number => begun_ms + performance.now();
