/** The Store port over the store's thread: any hub thread may hold one. */
import type { MessagePort } from 'node:worker_threads';
import { causeFromText } from '../../core/cause-text.ts';
import { deadline } from '../../core/deadline.ts';
import type { Delivery } from '../../core/delivery.ts';
import type { Cause } from '../../core/envelope.ts';
import { HubError } from '../../core/errors.ts';
import type { FindOptions, StoredRecord } from '../../core/records.ts';
import type { Commit, Committed, DeliveryRef, Store } from '../../core/store.ts';
import { createStoreCalls } from './calls.ts';
import * as rows from './rows.ts';

const LIST_LIMIT = 1_000;
const capped = (limit: number): number => Math.max(0, Math.min(limit, LIST_LIMIT));

export function createSqliteStore(
  port: MessagePort,
  onClose: () => Promise<void>,
): Store & { fail(why: string): void } {
  const calls = createStoreCalls(port);

  async function find<Value>(kind: string, index: string | null, value: string, options: FindOptions) {
    rows.requireText(kind, index ?? '', value, options.after ?? '');
    const found = await calls.call(
      'find',
      kind,
      index,
      value,
      capped(options.limit),
      options.order === 'descending',
      options.after ?? null,
    );
    return found.map(
      (row): StoredRecord<Value> => ({
        kind,
        key: row.key,
        version: row.version,
        value: JSON.parse(row.value) as Value,
      }),
    );
  }

  async function commit(commit: Commit): Promise<Committed> {
    const done = await calls.call('commit', rows.commitRow(commit));
    switch (done.kind) {
      case 'same':
        return { kind: 'same', answer: JSON.parse(done.answer) };
      case 'bodyless':
        throw new HubError('INTERNAL', { what: 'a commit without a body for a message that was not admitted' });
      case 'committed': {
        const byId = new Map(commit.deliveries.map((draft) => [draft.id, draft]));
        const cause = { sender: commit.cause.sender.systemId, messageId: commit.cause.messageId };
        return {
          kind: 'committed',
          held: done.held.flatMap((id): Delivery[] => {
            const draft = byId.get(id);
            return draft === undefined ? [] : [{ ...draft, cause, createdAt: commit.at, attempts: 0 }];
          }),
          waiting: done.waiting.flatMap((id): DeliveryRef[] => {
            const draft = byId.get(id);
            return draft === undefined ? [] : [{ id, receiver: draft.receiver, lane: draft.lane }];
          }),
        };
      }
      default:
        return done;
    }
  }

  return {
    records: {
      async get<Value>(kind: string, key: string) {
        rows.requireText(kind, key);
        const row = await calls.call('get', kind, key);
        return row && { kind, key, version: row.version, value: JSON.parse(row.value) as Value };
      },
      find: (kind, index, value, options) => find(kind, index, value, options),
      list: (kind, options) => find(kind, null, '', options),
    },

    async admit(envelope) {
      const admission = await calls.call('admit', rows.messageRow(envelope, true), rows.ownBytes(envelope.body));
      if (admission.kind !== 'same') return admission;
      return admission.answer === null ? { kind: 'same' } : { kind: 'same', answer: JSON.parse(admission.answer) };
    },
    commit,
    audit: (actor, at, events) => calls.call('audit', actor, at, events),

    undecided: async ({ before, limit }) =>
      (await calls.call('undecided', before, capped(limit))).map((text): Cause => causeFromText(text)),
    envelopes: async (keys) =>
      (await calls.call('envelopes', keys)).map(({ cause, body }) => ({ ...causeFromText(cause), body })),

    claim: async ({ lease, now, limit, ids }) =>
      (await calls.call('claim', lease, now, capped(limit), ids ?? null)).map(rows.delivery),
    due: ({ now, limit }) => calls.call('due', now, capped(limit)),
    settle: (settlements) => calls.call('settle', settlements.map(rows.settlementRow)),

    inbox: async (receiver, { after, limit }) =>
      (await calls.call('inbox', receiver, after, capped(limit))).map(({ seq, draft, createdAt }) => {
        const { id, interaction, contentType, subject } = JSON.parse(draft);
        return { id, seq, interaction, contentType, createdAt, ...(subject !== undefined && { subject }) };
      }),
    async inboxMessage(receiver, id) {
      const read = await calls.call('inboxMessage', receiver, id);
      return read && rows.delivery(read);
    },

    deadLetters: async ({ after, limit }) =>
      (await calls.call('deadLetters', after ?? null, capped(limit))).map(rows.deadLetter),
    async deadLetter(id) {
      const found = await calls.call('deadLetter', id);
      return found && { ...found, letter: rows.deadLetter(found.letter) };
    },
    replay: (id, actor, at) => calls.call('replay', id, actor, at),

    track: async (messageId) => (await calls.call('track', messageId)).map(rows.track),
    backlog: () => calls.call('backlog'),
    auditLines: async ({ after, limit }) => (await calls.call('auditLines', after, capped(limit))).map(rows.auditLine),
    auditForPatient: async (patient, { before, limit }) =>
      (await calls.call('auditForPatient', patient, before ?? null, capped(limit))).map(rows.auditLine),
    facts: async ({ after, limit }) => (await calls.call('facts', after, Math.min(limit, 50_000))).map(rows.storedFact),
    forgetFacts: (upTo) => calls.call('forgetFacts', upTo),
    purge: ({ decidedBefore, limit }) => calls.call('purge', decidedBefore, limit),

    async healthy() {
      try {
        await deadline(calls.call('audit', {}, 0, []), 2_000, 'store');
        return true;
      } catch {
        return false;
      }
    },
    async close() {
      await deadline(calls.idle(), 10_000, 'store').catch(() => undefined);
      await onClose();
    },
    fail: calls.fail,
  };
}
