/** A circuit breaker for one receiver: after failures in a row it is left alone for a while, then tried once. */
import type { Instant } from '../core/clock.ts';
import type { PathLimits } from './parts.ts';

export interface Circuit {
  /** Undefined when an attempt may be made now; otherwise when to come back. */
  closedUntil(now: Instant): Instant | undefined;
  succeeded(): void;
  failed(now: Instant): void;
  readonly state: 'closed' | 'open' | 'half-open';
}

type CircuitLimits = Pick<PathLimits, 'circuitFailures' | 'circuitOpen_ms' | 'circuitOpenMost_ms'>;

export function createCircuit(limits: CircuitLimits): Circuit {
  let failures = 0;
  let openUntil: Instant = 0;
  let trying = false;
  return {
    closedUntil(now) {
      if (failures < limits.circuitFailures) return undefined;
      if (now < openUntil) return openUntil;
      if (trying) return now + limits.circuitOpen_ms;
      trying = true;
      return undefined;
    },
    succeeded() {
      failures = 0;
      trying = false;
    },
    failed(now) {
      // attempts that were under way when it opened say nothing that is not known
      if (failures >= limits.circuitFailures && !trying) return;
      failures++;
      trying = false;
      if (failures < limits.circuitFailures) return;
      const doublings = Math.min(failures - limits.circuitFailures, 16);
      openUntil = now + Math.min(limits.circuitOpen_ms * 2 ** doublings, limits.circuitOpenMost_ms);
    },
    get state() {
      return failures < limits.circuitFailures ? 'closed' : trying ? 'half-open' : 'open';
    },
  };
}
