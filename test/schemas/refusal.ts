/** Runs what should be refused and gives the refusal, with the processor time it took: other work on the machine is not its fault. */
import { expect } from 'chai';
import { HubError } from '../../core/errors.ts';

export interface Refusal {
  readonly error: HubError;
  /** Of processor time. */
  readonly took_ms: number;
}

export function refusal(work: () => unknown): Refusal {
  const start = process.cpuUsage();
  try {
    work();
  } catch (thrown) {
    if (!(thrown instanceof HubError)) throw thrown;
    return { error: thrown, took_ms: process.cpuUsage(start).user / 1_000 };
  }
  return expect.fail('it was accepted');
}
