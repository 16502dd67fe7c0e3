/** Rows of the database as the hub's values. */
import { type AuditLine, lineFromText } from '../../core/audit-chain.ts';
import type { DeadLetter, Delivery, DeliveryDraft } from '../../core/delivery.ts';
import type { DeliveryRef, DeliveryTrack, InboxEntry, StoredFact, Track } from '../../core/store.ts';
import type { Row } from './link.ts';

const present = <Name extends string, Value>(name: Name, value: Value): Record<Name, NonNullable<Value>> | object =>
  value === null || value === undefined ? {} : { [name]: value };

const draftOf = (text: unknown): Omit<DeliveryDraft, 'body'> => JSON.parse(String(text));
const textOf = (bytes: unknown): string => (bytes as Buffer).toString('utf8');

export const DELIVERY_COLUMNS =
  'd.draft, d.body, d.cause_sender, d.cause_message_id, d.created_at, d.attempts' as const;
export const delivery = ([draft, body, sender, messageId, createdAt, attempts]: Row): Delivery =>
  ({
    ...draftOf(draft),
    ...{ body: textOf(body), cause: { sender, messageId }, createdAt, attempts },
  }) as Delivery;

export const REF_COLUMNS = 'd.id, d.receiver, d.lane' as const;
export const deliveryRef = ([id, receiver, lane]: Row): DeliveryRef => ({ id, receiver, lane }) as DeliveryRef;

export const INBOX_COLUMNS = 'd.id, d.seq, d.interaction, d.created_at, d.draft' as const;
export function inboxEntry([id, seq, interaction, createdAt, draft]: Row): InboxEntry {
  const { contentType, subject } = draftOf(draft);
  return { ...{ id, seq, interaction, contentType, createdAt }, ...present('subject', subject) } as InboxEntry;
}

/** The same columns for both kinds of dead letter. */
export const DEAD_DELIVERY_COLUMNS = `d.id, 'delivery', d.receiver, d.interaction, d.cause_sender, d.cause_message_id,
  d.reason, d.settled_at, d.attempts` as const;
export const DEAD_MESSAGE_COLUMNS = `m.sender || '/' || m.message_id, 'message', m.sender, m.interaction, m.sender,
  m.message_id, m.reason, m.decided_at, 0` as const;
export const deadLetter = (row: Row): DeadLetter => {
  const [id, kind, receiver, interaction, sender, messageId, reason, diedAt, attempts] = row;
  return {
    ...{ id, kind, receiver, interaction, cause: { sender, messageId }, reason: reason ?? '', diedAt, attempts },
  } as DeadLetter;
};

export const TRACK_COLUMNS =
  'm.sender, m.message_id, m.interaction, m.stage, m.received_at, m.decided_at, m.answer, m.reason' as const;
export function track(row: Row, deliveries: readonly DeliveryTrack[]): Track {
  const [sender, messageId, interaction, stage, receivedAt, decidedAt, answer, reason] = row;
  return {
    ...{ key: { sender, messageId }, interaction, stage, receivedAt },
    ...present('decidedAt', decidedAt),
    ...present('answer', answer === null ? null : JSON.parse(String(answer))),
    ...present('reason', reason),
    deliveries,
  } as Track;
}

export const DELIVERY_TRACK_COLUMNS =
  'd.id, d.receiver, d.mode, d.interaction, d.stage, d.attempts, d.created_at, d.settled_at, d.reason' as const;
export function deliveryTrack(row: Row): DeliveryTrack {
  const [id, receiver, mode, interaction, stage, attempts, createdAt, settledAt, reason] = row;
  return {
    ...{ id, receiver, mode, interaction, stage, attempts, createdAt },
    ...present('settledAt', settledAt),
    ...present('reason', reason),
  } as DeliveryTrack;
}

export const auditLine = ([line, hash]: Row): AuditLine => lineFromText(String(line), String(hash));

export const FACT_COLUMNS = 'seq, at, ods, interaction, kind, patient, attributes' as const;
export const fact = ([seq, at, ods, interaction, kind, patient, attributes]: Row): StoredFact =>
  ({
    ...{ seq, at, ods, interaction, kind },
    ...present('patient', patient),
    attributes: JSON.parse(String(attributes)),
  }) as StoredFact;
