/** Begins a batch's transaction: takes the store's head and reads every row that the batch asks about, in one go. */
import { type Cell, columnArrays } from './arrays.ts';
import { type DeliveryState, Ledger, type MessageState, type RecordState, recordName, type Wanted } from './ledger.ts';
import type { Row, Session, Statement } from './link.ts';

const HEAD: Statement = {
  name: 'head',
  text: `select seq, hash, message_seq, delivery_seq, fact_seq, facts_forgotten, undecided, undelivered, dead
    from store_head for update`,
};

const MESSAGES: Statement = {
  name: 'messages',
  text: `select k.n, m.digest, m.stage, m.answer, m.decided_at, m.reason
    from unnest($1::text[], $2::text[]) with ordinality k(message_id, sender, n)
    join message m on m.message_id = k.message_id and m.sender = k.sender`,
};

const RECORDS: Statement = {
  name: 'records',
  text: `select k.n, r.version, r.indexes from unnest($1::text[], $2::text[]) with ordinality k(kind, key, n)
    join record r on r.kind = k.kind and r.key = k.key`,
};

/** Locked: a claim of another process may be about to change the lease. */
const DELIVERIES: Statement = {
  name: 'deliveries',
  text: `select d.id, d.seq, d.cause_sender, d.cause_message_id, d.receiver, d.mode, d.lane, d.interaction, d.stage,
      d.created_at, d.due_at, d.owner, d.attempts, d.settled_at, d.reason
    from unnest($1::text[]) k(id) join delivery d on d.id = k.id for update of d`,
};

/** Lanes in which something waits that this batch has not read. */
const LANES: Statement = {
  name: 'lanes',
  text: `select k.lane from unnest($1::text[]) k(lane) where exists (
      select from delivery d where d.lane = k.lane and d.stage = 'waiting' and d.id <> all ($2::text[]))`,
};

function asHead(row: Row) {
  const [seq, hash, messageSeq, deliverySeq, factSeq, factsForgotten, undecided, undelivered, dead] = row as number[];
  return {
    hash: String(hash),
    ...({ seq, messageSeq, deliverySeq, factSeq, factsForgotten, undecided, undelivered, dead } as {
      seq: number;
      messageSeq: number;
      deliverySeq: number;
      factSeq: number;
      factsForgotten: number;
      undecided: number;
      undelivered: number;
      dead: number;
    }),
  };
}

function asDelivery(row: Row): DeliveryState {
  const [id, seq, sender, messageId, receiver, mode, lane, interaction, stage, ...rest] = row;
  const [createdAt, dueAt, owner, attempts, settledAt, reason] = rest;
  return {
    ...{ id, seq, cause: { sender, messageId }, receiver, mode, lane, interaction, stage },
    ...{ createdAt, dueAt, owner, attempts, settledAt, reason },
    changed: false,
  } as DeliveryState;
}

/**
 * Waits for the answers to statements that were all sent; throws the first fault, when every one has been answered.
 * The connection is then quiet, and a rollback finds it so.
 */
export async function allOf<T>(sent: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(sent);
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}

export async function beginBatch(session: Session, wanted: Wanted): Promise<Ledger> {
  const none: Promise<Row[]> = Promise.resolve([]);
  const read = (statement: Statement, ...values: Buffer[]) => session.run(statement, values);
  const messageKeys = [...wanted.messages.values()];
  const recordKeys = [...wanted.records.values()];
  const ids: Cell[][] = [...wanted.deliveries].map((id) => [id]);
  const idArray = columnArrays(['text'], ids);

  const begun = session.command('begin').then((): Row[] => []);
  const sent = [
    begun,
    session.run(HEAD),
    messageKeys.length === 0
      ? none
      : read(
          MESSAGES,
          ...columnArrays(
            ['text', 'text'],
            messageKeys.map(({ messageId, sender }) => [messageId, sender]),
          ),
        ),
    recordKeys.length === 0
      ? none
      : read(
          RECORDS,
          ...columnArrays(
            ['text', 'text'],
            recordKeys.map(({ kind, key }) => [kind, key]),
          ),
        ),
    ids.length === 0 ? none : read(DELIVERIES, ...idArray),
    wanted.lanes.size === 0
      ? none
      : read(
          LANES,
          ...columnArrays(
            ['text'],
            [...wanted.lanes].map((lane) => [lane]),
          ),
          ...idArray,
        ),
  ];
  const [, head, messages, records, deliveries, lanes] = await allOf(sent);
  const headRow = head?.[0];
  if (headRow === undefined) throw new Error('the store has no head');

  const ledger = new Ledger(asHead(headRow));
  for (const [n, digest, stage, answer, decidedAt, reason] of messages ?? []) {
    const key = messageKeys[Number(n) - 1];
    if (key) ledger.addMessage({ key, digest, stage, answer, decidedAt, reason, changed: false } as MessageState);
  }
  for (const [n, version, indexes] of records ?? []) {
    const record = recordKeys[Number(n) - 1];
    if (!record) continue;
    const { kind, key } = record;
    const state = { kind, key, version, value: null, indexesBefore: indexes, indexes, changed: false } as RecordState;
    ledger.records.set(recordName(kind, key), state);
  }
  for (const row of deliveries ?? []) {
    const delivery = asDelivery(row);
    ledger.deliveries.set(delivery.id, delivery);
    if (delivery.stage === 'waiting') ledger.waits(delivery.lane, 1);
  }
  for (const [lane] of lanes ?? []) ledger.waits(lane as string, 1);
  return ledger;
}
