/** Writes refusals at the handshake into the audit trail, one by one while they are few, summed up while they are a flood. */
import type { Refusal } from '../../certs/refusals.ts';
import type { Cancel, Clock } from '../../core/clock.ts';
import type { AuditEvent } from '../../core/decision.ts';
import type { Telemetry } from '../../core/telemetry.ts';

const SINGLE_PER_SECOND = 20;
const SUM_EVERY_ms = 1_000;

export interface RefusalAudit {
  report(refusal: Refusal): void;
  /** Writes what is summed up. */
  stop(): Promise<void>;
}

export function createRefusalAudit({
  audit,
  clock,
  telemetry,
}: {
  audit(events: readonly AuditEvent[]): Promise<void>;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}): RefusalAudit {
  let single = 0;
  let sums = new Map<string, number>();
  let cancel: Cancel | undefined;

  async function write(events: readonly AuditEvent[]): Promise<void> {
    try {
      await audit(events);
    } catch (thrown) {
      telemetry.trouble('refusals at the handshake that could not be audited', thrown);
    }
  }

  async function flush(): Promise<void> {
    cancel = undefined;
    single = 0;
    if (sums.size === 0) return;
    const events = [...sums].map(
      ([code, count]): AuditEvent => ({
        action: 'refuse-connection',
        outcome: 'refused',
        code,
        reason: `${count} more within a second`,
      }),
    );
    sums = new Map();
    await write(events);
  }

  return {
    report({ reason, address }) {
      telemetry.stage('refused', { code: reason });
      cancel ??= clock.timer(SUM_EVERY_ms, () => void flush());
      if (single < SINGLE_PER_SECOND) {
        single++;
        void write([{ action: 'refuse-connection', outcome: 'refused', code: reason, entity: `address/${address}` }]);
      } else sums.set(reason, (sums.get(reason) ?? 0) + 1);
    },
    async stop() {
      cancel?.();
      await flush();
    },
  };
}
