/** The operations that only look. They see what is committed, never a transaction in the making. */
import type { DeadRow, DeliveryRead, ReadOperations, TrackRow } from './protocol.ts';
import type { Statements } from './statements.ts';

interface Counted {
  readonly n: number;
}

interface DeadDelivery {
  readonly id: string;
  readonly receiver: string;
  readonly reason: string;
  readonly diedAt: number;
  readonly attempts: number;
  readonly draft: string;
  readonly sender: string;
  readonly messageId: string;
}

interface DeadMessage {
  readonly sender: string;
  readonly id: string;
  readonly interaction: string;
  readonly reason: string;
  readonly diedAt: number;
}

const ofDelivery = (row: DeadDelivery): DeadRow => ({
  id: row.id,
  kind: 'delivery',
  receiver: row.receiver,
  interaction: JSON.parse(row.draft)['interaction'],
  sender: row.sender,
  messageId: row.messageId,
  reason: row.reason,
  diedAt: row.diedAt,
  attempts: row.attempts,
});

const ofMessage = (row: DeadMessage): DeadRow => ({
  id: `${row.sender}/${row.id}`,
  kind: 'message',
  receiver: row.sender,
  interaction: row.interaction,
  sender: row.sender,
  messageId: row.id,
  reason: row.reason,
  diedAt: row.diedAt,
  attempts: 0,
});

export function createReads(statements: Statements): ReadOperations {
  const count = (name: 'countUndecided' | 'countUndelivered' | 'countDead' | 'countFacts'): number =>
    statements.get<Counted>(name)?.n ?? 0;

  function deadLetters(after: string | null, limit: number): DeadRow[] {
    const deliveries = statements.all<DeadDelivery>('deadDeliveries', after ?? '', limit).map(ofDelivery);
    const messages = statements.all<DeadMessage>('deadMessages', after ?? '', limit).map(ofMessage);
    return [...deliveries, ...messages].sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, limit);
  }

  return {
    get: (kind, key) => statements.get('getRecord', kind, key),

    find(kind, index, value, limit, descending, after) {
      const order = descending ? 'DESC' : 'ASC';
      const beyond = after === null ? '' : `AND r.key ${descending ? '<' : '>'} ?`;
      const rest = after === null ? [limit] : [after, limit];
      return index === null
        ? statements.query(
            `SELECT key, version, value FROM records r WHERE kind = ? ${beyond} ORDER BY key ${order} LIMIT ?`,
            kind,
            ...rest,
          )
        : statements.query(
            `SELECT r.key, r.version, r.value FROM record_index i JOIN records r ON r.kind = i.kind AND r.key = i.key
             WHERE i.kind = ? AND i.name = ? AND i.value = ? ${beyond.replace('r.key', 'i.key')} ORDER BY i.key ${order} LIMIT ?`,
            kind,
            index,
            value,
            ...rest,
          );
    },

    undecided: (before, limit) =>
      statements.all<{ cause: string }>('undecided', before, limit).map(({ cause }) => cause),

    envelopes: (keys) =>
      keys.flatMap(
        (key) => statements.get<{ cause: string; body: Uint8Array }>('envelope', key.messageId, key.sender) ?? [],
      ),

    due: (now, limit) => statements.all('dueDeliveries', now, limit),

    inbox: (receiver, after, limit) => statements.all('inbox', receiver, after, limit),

    inboxMessage(receiver, id) {
      const found = statements.get<{ seq: number; receiver: string; pull: number; state: number }>('deliveryById', id);
      if (found === undefined || found.receiver !== receiver || found.pull !== 1 || found.state !== 0) return undefined;
      return statements.get<DeliveryRead>('readDelivery', found.seq);
    },

    deadLetters,

    deadLetter(id) {
      const slash = id.indexOf('/');
      if (slash < 0) {
        const row = statements.get<DeadDelivery & { body: string }>('deadDelivery', id);
        return (
          row && {
            letter: ofDelivery(row),
            contentType: JSON.parse(row.draft)['contentType'],
            body: Buffer.from(row.body, 'utf8'),
          }
        );
      }
      const row = statements.get<DeadMessage & { cause: string; body: Uint8Array }>(
        'deadMessage',
        id.slice(slash + 1),
        id.slice(0, slash),
      );
      return row && { letter: ofMessage(row), contentType: JSON.parse(row.cause)['contentType'], body: row.body };
    },

    track: (id) =>
      statements
        .all<Omit<TrackRow, 'deliveries'> & { seq: number }>('trackMessages', id, id)
        .map(({ seq, ...row }) => ({
          ...row,
          deliveries: statements.all<TrackRow['deliveries'][number]>('trackDeliveries', seq),
        })),

    backlog: () => ({
      undecided: count('countUndecided'),
      undelivered: count('countUndelivered'),
      dead: count('countDead'),
      unreadFacts: count('countFacts'),
    }),

    auditLines: (after, limit) => statements.all('auditLines', after, limit),
    auditForPatient: (patient, before, limit) =>
      statements.all('auditForPatient', patient, before ?? Number.MAX_SAFE_INTEGER, limit),
    facts: (after, limit) => statements.all('facts', after, limit),
  };
}
