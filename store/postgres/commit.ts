/** A decision: records, deliveries, audit, facts and the answer under the message's id, all or none. */
import { causeToText } from '../../core/cause-text.ts';
import type { Instant } from '../../core/clock.ts';
import type { RecordWrite } from '../../core/decision.ts';
import type { Delivery, DeliveryDraft, Lease } from '../../core/delivery.ts';
import { actorOf, keyOf, type MessageKey } from '../../core/envelope.ts';
import { HubError } from '../../core/errors.ts';
import type { Commit, Committed, DeliveryRef } from '../../core/store.ts';
import { checkText, cleanText } from './faults.ts';
import type { Ledger, MessageState, Operation } from './ledger.ts';

export interface PreparedDraft {
  readonly draft: DeliveryDraft;
  /** JSON of the draft but its body. */
  readonly text: string;
}

export function prepareDraft(draft: DeliveryDraft): PreparedDraft {
  checkText(draft.id, draft.receiver, draft.lane, draft.interaction);
  return { draft, text: JSON.stringify({ ...draft, body: undefined }) };
}

/** Adds a waiting delivery; leased at once where a lease is given and it is the head of its lane. */
export function addDelivery(
  ledger: Ledger,
  { draft, text }: PreparedDraft,
  cause: MessageKey,
  at: Instant,
  lease?: Lease,
): 'held' | 'waiting' {
  const { id, receiver, mode, lane, interaction, body } = draft;
  const head = lane === null || !ledger.laneIsBusy(lane);
  const holder = mode === 'push' && head ? lease : undefined;
  ledger.deliveries.set(id, {
    ...{ id, seq: ++ledger.head.deliverySeq, cause, receiver, mode, lane, interaction, stage: 'waiting' },
    ...{ createdAt: at, dueAt: holder?.until ?? at, owner: holder?.owner ?? null, attempts: 0 },
    ...{ settledAt: null, reason: null, changed: true },
    fresh: { head, draft: text, body },
  });
  ledger.waits(lane, 1);
  ledger.head.undelivered++;
  return holder === undefined ? 'waiting' : 'held';
}

interface PreparedWrite {
  readonly kind: string;
  readonly key: string;
  readonly version: number;
  readonly value: string | null;
  readonly indexes: string;
}

function prepareWrite(write: RecordWrite): PreparedWrite {
  const { kind, key, version, value } = write;
  checkText(kind, key);
  const entries: [string, string][] = [];
  if (value !== null) {
    for (const [name, values] of Object.entries(write.indexes ?? {})) {
      for (const each of typeof values === 'string' ? [values] : values) {
        checkText(name, each);
        entries.push([name, each]);
      }
    }
  }
  return {
    ...{ kind, key, version },
    value: value === null ? null : JSON.stringify(value),
    indexes: JSON.stringify(entries),
  };
}

function writeRecord(ledger: Ledger, write: PreparedWrite): void {
  const record = ledger.record(write.kind, write.key);
  record.version = write.value === null ? 0 : write.version + 1;
  record.value = write.value;
  record.indexes = write.indexes;
  record.changed = true;
}

export function commitOperation(commit: Commit): Operation<Committed> {
  const { cause, body, decision, at, lease } = commit;
  const key = keyOf(cause);
  const { digest, interaction, receivedAt } = cause;
  checkText(key.sender, key.messageId, digest, interaction);
  const writes = (decision.records ?? []).map(prepareWrite);
  const drafts = commit.deliveries.map(prepareDraft);
  const answer = JSON.stringify(decision.answer);
  const facts = (decision.facts ?? []).map(({ kind, patient, attributes }) => {
    checkText(kind, patient);
    return { kind, patient: patient ?? null, attributes: JSON.stringify(attributes) };
  });
  for (const event of decision.events) checkText(event.patient);
  const stage = commit.dead === undefined ? 'decided' : 'dead';
  const reason = commit.dead === undefined ? null : cleanText(commit.dead);
  const causeText = body === undefined ? '' : causeToText(cause);

  const decide = (ledger: Ledger, found: MessageState | undefined): void => {
    const { head } = ledger;
    if (found !== undefined) {
      Object.assign(found, { stage, answer, decidedAt: at, reason, changed: true } satisfies Partial<MessageState>);
      head.undecided--;
    } else {
      ledger.addMessage({
        ...{ key, digest, stage, answer, decidedAt: at, reason, changed: true },
        fresh: {
          ...{ seq: ++head.messageSeq, interaction, receivedAt, cause: causeText },
          body: body ?? new Uint8Array(),
        },
      });
    }
    if (stage === 'dead') head.dead++;
  };

  return {
    weight:
      (body?.byteLength ?? 0) +
      answer.length +
      writes.reduce((sum, { value }) => sum + (value?.length ?? 0), 0) +
      drafts.reduce((sum, { draft, text }) => sum + draft.body.length + text.length, 0),
    want(wanted) {
      wanted.message(key);
      for (const write of writes) wanted.record(write.kind, write.key);
      for (const { draft } of drafts) if (draft.lane !== null) wanted.lanes.add(draft.lane);
    },
    apply(ledger) {
      const found = ledger.message(key);
      if (found !== undefined) {
        if (found.digest !== digest) return { kind: 'conflict' };
        if (found.stage !== 'accepted') return { kind: 'same', answer: JSON.parse(found.answer ?? answer) };
      } else if (body === undefined) {
        throw new HubError('INTERNAL', { what: 'a commit without a body for a message that was not admitted' });
      }
      if (writes.some(({ kind, key, version }) => ledger.record(kind, key).version !== version)) {
        return { kind: 'stale' };
      }
      decide(ledger, found);
      for (const write of writes) writeRecord(ledger, write);
      const held: Delivery[] = [];
      const waiting: DeliveryRef[] = [];
      for (const prepared of drafts) {
        const { draft } = prepared;
        const how = addDelivery(ledger, prepared, key, at, lease);
        if (how === 'held') held.push({ ...draft, cause: key, createdAt: at, attempts: 0 });
        else if (draft.mode === 'push') {
          waiting.push({ id: draft.id, receiver: draft.receiver, lane: draft.lane });
        }
      }
      ledger.write(actorOf(cause), at, decision.events);
      for (const fact of facts) {
        const seq = ++ledger.head.factSeq;
        ledger.facts.push([seq, at, cause.sender.ods, interaction, fact.kind, fact.patient, fact.attributes]);
      }
      return { kind: 'committed', held, waiting };
    },
  };
}
