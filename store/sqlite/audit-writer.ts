/** Writes audit lines onto the chain, and knows where the chain stands. */
import { type Actor, CHAIN_START, lineText, textHash } from '../../core/audit-chain.ts';
import type { AuditEvent } from '../../core/decision.ts';
import type { Statements } from './statements.ts';

export interface AuditWriter {
  write(actor: Actor, at: number, events: readonly AuditEvent[]): void;
  /** Reads the chain's end again: after a transaction was rolled back. */
  rewind(): void;
}

const NOBODY = { system: null, ods: null, user: null, role: null, messageId: null, interaction: null };

export function createAuditWriter(statements: Statements): AuditWriter {
  let last = { seq: 0, hash: CHAIN_START };
  const rewind = (): void => {
    last = statements.get<{ seq: number; hash: string }>('lastAudit') ?? { seq: 0, hash: CHAIN_START };
  };
  rewind();
  return {
    rewind,
    write(actor, at, events) {
      for (const event of events) {
        const seq = last.seq + 1;
        const text = lineText({ ...NOBODY, ...actor, ...event, seq, at });
        const hash = textHash(last.hash, text);
        statements.run('insertAudit', seq, event.patient ?? null, text, hash);
        last = { seq, hash };
      }
    },
  };
}
