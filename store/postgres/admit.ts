/** Keeping a message before it is answered, and lines of the trail that belong to no message. */
import type { Actor } from '../../core/audit-chain.ts';
import { causeToText } from '../../core/cause-text.ts';
import type { Instant } from '../../core/clock.ts';
import type { AuditEvent } from '../../core/decision.ts';
import { actorOf, type Envelope, keyOf } from '../../core/envelope.ts';
import type { Admission } from '../../core/store.ts';
import { checkText } from './faults.ts';
import type { Ledger, MessageState, Operation } from './ledger.ts';

export const ACCEPTED: AuditEvent = { action: 'accept', outcome: 'success' };

/** The same bytes again: with the first answer once there is one. */
function known(message: MessageState, digest: string): Admission {
  if (message.digest !== digest) return { kind: 'conflict' };
  if (message.stage === 'accepted' || message.answer === null) return { kind: 'same' };
  return { kind: 'same', answer: JSON.parse(message.answer) };
}

export function admitOperation(envelope: Envelope): Operation<Admission> {
  const key = keyOf(envelope);
  const { digest, interaction, receivedAt, body } = envelope;
  checkText(key.sender, key.messageId, digest, interaction);
  const cause = causeToText(envelope);
  return {
    weight: body.byteLength + cause.length,
    want: (wanted) => wanted.message(key),
    apply(ledger: Ledger) {
      const message = ledger.message(key);
      if (message !== undefined) return known(message, digest);
      const { head } = ledger;
      ledger.addMessage({
        ...{ key, digest, stage: 'accepted', answer: null, decidedAt: null, reason: null, changed: true },
        fresh: { seq: ++head.messageSeq, interaction, receivedAt, cause, body },
      });
      head.undecided++;
      ledger.write(actorOf(envelope), receivedAt, [ACCEPTED]);
      return { kind: 'new' };
    },
  };
}

export function auditOperation(actor: Actor, at: Instant, events: readonly AuditEvent[]): Operation<void> {
  for (const event of events) checkText(event.patient);
  return {
    weight: events.length * 200,
    want: () => {},
    apply: (ledger) => ledger.write(actor, at, events),
  };
}

/** Nothing, but through the same lock and the same commit as everything else. */
export const probeOperation: Operation<void> = { weight: 0, want: () => {}, apply: () => {} };

export function forgetFactsOperation(upTo: number): Operation<void> {
  return {
    weight: 0,
    want: () => {},
    apply(ledger) {
      const last = Math.min(Math.floor(upTo), ledger.head.factSeq);
      if (!(last > ledger.head.factsForgotten)) return;
      ledger.head.factsForgotten = last;
      ledger.forgetFacts = last;
    },
  };
}
