/** What one scenario came to: the row of the table, and the line of JSON. */
import type { ScenarioName } from './options.ts';

export interface Row {
  readonly scenario: ScenarioName;
  readonly title: string;
  /** Messages a second in the closed loop; in (e), connections that were opened a second. */
  readonly perSecond: number;
  /** `perSecond` as a share of the echo's in the same run; absent in (e). */
  readonly ofEcho?: number;
  /** The same of processor time, everything that was started counted: steadier where others use the machine as well. */
  readonly ofEchoByTime?: number;
  /** The constant rate at which the latencies were taken, from the moment an order was to be sent. */
  readonly latencyRate_perSecond: number;
  readonly p50_ms: number;
  readonly p99_ms: number;
  /** Processor time of the server (the hub, or the echo) for each message of the closed loop. */
  readonly server_us: number;
  readonly services_us?: number;
  readonly generator_us: number;
  readonly receiver_us?: number;
  /** Processors in use by the server, and by everything that was started, in the closed loop. */
  readonly serverCores: number;
  readonly allCores: number;
  /** Processors in use by the server's busiest thread: 1 is a thread that is the limit. */
  readonly busiestThread: number;
  readonly peak_MB: number;
  readonly body_bytes: number;
  /** Accepted messages, of both loops and the time before them. */
  readonly accepted: number;
  readonly refused: number;
  /** Accepted and without effect; with more effects than one; with an effect though they were not accepted. */
  readonly lost: number;
  readonly doubled: number;
  readonly unexpected: number;
  /** Messages at the receivers that are no acceptance of an order. */
  readonly strange: number;
  readonly broken: number;
  /** (e) alone. */
  readonly idle?: { readonly connections: number; readonly stillOpen: number; readonly each_KB: number };
}

/** Processor time of everything that was started, for each message. */
export const total_us = ({ server_us, services_us = 0, generator_us, receiver_us = 0 }: Row): number =>
  server_us + services_us + generator_us + receiver_us;

/** The value below which this share of the values lies; NaN of none. Sorts in place. */
export function percentile(values: Float64Array, share: number): number {
  if (values.length === 0) return Number.NaN;
  values.sort();
  return values[Math.min(values.length - 1, Math.ceil(values.length * share) - 1)] ?? Number.NaN;
}
