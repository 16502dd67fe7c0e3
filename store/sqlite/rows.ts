/** The hub's values as rows, and back. */
import { type AuditLine, lineFromText } from '../../core/audit-chain.ts';
import { causeToText } from '../../core/cause-text.ts';
import type { RecordWrite } from '../../core/decision.ts';
import type { DeadLetter, Delivery, DeliveryDraft, Settlement } from '../../core/delivery.ts';
import { actorOf, type Cause } from '../../core/envelope.ts';
import { HubError } from '../../core/errors.ts';
import type { Commit, StoredFact, Track } from '../../core/store.ts';
import type {
  CommitRow,
  DeadRow,
  DeliveryRead,
  DeliveryRow,
  MessageRow,
  RecordRow,
  SettlementRow,
  TrackRow,
} from './protocol.ts';

/** Bytes with a buffer of their own: a view crosses to another thread with all that it is a view of. */
export const ownBytes = (bytes: Uint8Array): Uint8Array =>
  bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);

export const messageRow = (cause: Cause, withText: boolean): MessageRow => ({
  sender: cause.sender.systemId,
  id: cause.messageId,
  interaction: cause.interaction,
  digest: cause.digest,
  receivedAt: cause.receivedAt,
  cause: withText ? causeToText(cause) : '',
  actor: actorOf(cause),
});

/** SQLite ends a text at NUL in places: such names are refused everywhere. */
export function requireText(...names: readonly string[]): void {
  for (const name of names) {
    if (name.includes('\0')) throw new HubError('VALUE_INVALID', { faults: [{ what: 'a record name holds NUL' }] });
  }
}

function recordRow(write: RecordWrite): RecordRow {
  const indexes: string[] = [];
  if (write.indexes !== undefined) {
    for (const [name, values] of Object.entries(write.indexes)) {
      for (const value of typeof values === 'string' ? [values] : values) indexes.push(name, value);
    }
  }
  requireText(write.kind, write.key, ...indexes);
  return {
    kind: write.kind,
    key: write.key,
    version: write.version,
    value: write.value === null ? null : JSON.stringify(write.value),
    indexes,
  };
}

export function deliveryRow(draft: DeliveryDraft): DeliveryRow {
  const { body, ...rest } = draft;
  return {
    id: draft.id,
    receiver: draft.receiver,
    pull: draft.mode === 'pull',
    lane: draft.lane,
    draft: JSON.stringify(rest),
    body,
  };
}

export const commitRow = (commit: Commit): CommitRow => ({
  message: messageRow(commit.cause, commit.body !== undefined),
  body: commit.body === undefined ? null : ownBytes(commit.body),
  at: commit.at,
  answer: JSON.stringify(commit.decision.answer),
  dead: commit.dead ?? null,
  records: (commit.decision.records ?? []).map(recordRow),
  deliveries: commit.deliveries.map(deliveryRow),
  events: commit.decision.events,
  ods: commit.cause.sender.ods,
  facts: (commit.decision.facts ?? []).map((fact) => ({
    kind: fact.kind,
    patient: fact.patient ?? null,
    attributes: JSON.stringify(fact.attributes),
  })),
  lease: commit.lease ?? null,
});

export const settlementRow = (settlement: Settlement): SettlementRow =>
  settlement.outcome.kind === 'dead'
    ? {
        ...settlement,
        outcome: {
          kind: 'dead',
          reason: settlement.outcome.reason,
          notice: settlement.outcome.notice === undefined ? null : deliveryRow(settlement.outcome.notice),
        },
      }
    : { ...settlement, outcome: settlement.outcome };

export const delivery = (read: DeliveryRead): Delivery => ({
  ...(JSON.parse(read.draft) as Omit<DeliveryDraft, 'body'>),
  body: read.body,
  cause: { sender: read.sender, messageId: read.messageId },
  createdAt: read.createdAt,
  attempts: read.attempts,
});

export const deadLetter = (row: DeadRow): DeadLetter => ({
  id: row.id,
  kind: row.kind,
  receiver: row.receiver,
  interaction: row.interaction,
  cause: { sender: row.sender, messageId: row.messageId },
  reason: row.reason,
  diedAt: row.diedAt,
  attempts: row.attempts,
});

const MESSAGE_STAGES = ['accepted', 'decided', 'dead'] as const;
const DELIVERY_STAGES = ['waiting', 'acknowledged', 'dead'] as const;

export const track = (row: TrackRow): Track => ({
  key: { sender: row.sender, messageId: row.id },
  interaction: row.interaction,
  stage: MESSAGE_STAGES[row.stage as 0 | 1 | 2],
  receivedAt: row.receivedAt,
  ...(row.decidedAt !== null && { decidedAt: row.decidedAt }),
  ...(row.answer !== null && { answer: JSON.parse(row.answer) }),
  ...(row.reason !== null && { reason: row.reason }),
  deliveries: row.deliveries.map((one) => ({
    id: one.id,
    receiver: one.receiver,
    mode: one.pull === 1 ? 'pull' : 'push',
    interaction: JSON.parse(one.draft)['interaction'],
    stage: DELIVERY_STAGES[one.state as 0 | 1 | 2],
    attempts: one.attempts,
    createdAt: one.createdAt,
    ...(one.settledAt !== null && { settledAt: one.settledAt }),
    ...(one.reason !== null && { reason: one.reason }),
  })),
});

type Row = Record<string, unknown>;
const present = (row: Row, names: readonly string[]): Row =>
  Object.fromEntries(names.filter((name) => row[name] !== null).map((name) => [name, row[name]]));

export const auditLine = (row: { line: string; hash: string }): AuditLine => lineFromText(row.line, row.hash);

export const storedFact = (row: Row): StoredFact =>
  ({
    seq: row['seq'],
    at: row['at'],
    kind: row['kind'],
    ods: row['ods'],
    interaction: row['interaction'],
    ...present(row, ['patient']),
    attributes: JSON.parse(row['attributes'] as string),
  }) as StoredFact;
