/** Ends a batch's transaction: everything that its operations changed, a statement a table, and the commit, in one go. */
import { type Cell, type Column, columnArrays } from './arrays.ts';
import type { DeliveryState, Ledger, MessageState, RecordState } from './ledger.ts';
import type { Session, Statement } from './link.ts';
import { allOf } from './load.ts';

/** A statement that takes rows, a column a parameter. */
interface Many extends Statement {
  readonly columns: readonly Column[];
}

const TYPES: Readonly<Record<Column, string>> = { text: 'text', bytes: 'bytea', bigint: 'bigint', boolean: 'boolean' };
const rowsOf = (columns: readonly Column[]): string =>
  `unnest(${columns.map((column, index) => `$${index + 1}::${TYPES[column]}[]`).join(', ')})`;

function insert(table: string, columns: Readonly<Record<string, Column>>, rest = ''): Many {
  const names = Object.keys(columns);
  const types = Object.values(columns);
  return {
    name: `insert ${table}`,
    columns: types,
    text: `insert into ${table} (${names.join(', ')}) select * from ${rowsOf(types)} ${rest}`,
  };
}

function change(name: string, columns: Readonly<Record<string, Column>>, text: (rows: string) => string): Many {
  const types = Object.values(columns);
  return { name, columns: types, text: text(`${rowsOf(types)} as u(${Object.keys(columns).join(', ')})`) };
}

const INSERT_MESSAGES = insert('message', {
  ...{ message_id: 'text', sender: 'text', seq: 'bigint', digest: 'text', interaction: 'text', stage: 'text' },
  ...{ since: 'bigint', received_at: 'bigint', decided_at: 'bigint', cause: 'text', answer: 'text', reason: 'text' },
  body: 'bytes',
});

const UPDATE_MESSAGES = change(
  'update message',
  { message_id: 'text', sender: 'text', stage: 'text', decided_at: 'bigint', answer: 'text', reason: 'text' },
  (rows) => `update message m set stage = u.stage, since = coalesce(u.decided_at, m.received_at),
      decided_at = u.decided_at, answer = u.answer, reason = u.reason
    from ${rows} where m.message_id = u.message_id and m.sender = u.sender`,
);

const WRITE_RECORDS = insert(
  'record',
  { kind: 'text', key: 'text', version: 'bigint', value: 'text', indexes: 'text' },
  `on conflict (kind, key) do update
    set version = excluded.version, value = excluded.value, indexes = excluded.indexes`,
);

const DELETE_RECORDS = change(
  'delete record',
  { kind: 'text', key: 'text' },
  (rows) => `delete from record r using ${rows} where r.kind = u.kind and r.key = u.key`,
);

const ENTRY = { kind: 'text', name: 'text', value: 'text', key: 'text' } as const;
const INSERT_ENTRIES = insert('record_index', ENTRY, 'on conflict do nothing');
const DELETE_ENTRIES = change(
  'delete record_index',
  ENTRY,
  (rows) => `delete from record_index i using ${rows}
    where i.kind = u.kind and i.name = u.name and i.value = u.value and i.key = u.key`,
);

const INSERT_DELIVERIES = insert('delivery', {
  ...{ id: 'text', seq: 'bigint', cause_message_id: 'text', cause_sender: 'text', receiver: 'text', mode: 'text' },
  ...{ lane: 'text', head: 'boolean', interaction: 'text', stage: 'text', created_at: 'bigint', due_at: 'bigint' },
  ...{ owner: 'text', attempts: 'bigint', settled_at: 'bigint', reason: 'text', draft: 'text', body: 'bytes' },
});

const UPDATE_DELIVERIES = change(
  'update delivery',
  {
    ...{ id: 'text', stage: 'text', created_at: 'bigint', due_at: 'bigint', owner: 'text', attempts: 'bigint' },
    ...{ settled_at: 'bigint', reason: 'text' },
  },
  (rows) => `update delivery d set stage = u.stage, created_at = u.created_at, due_at = u.due_at, owner = u.owner,
      attempts = u.attempts, settled_at = u.settled_at, reason = u.reason
    from ${rows} where d.id = u.id`,
);

const DEMOTE = change(
  'demote',
  { lane: 'text' },
  (rows) => `update delivery d set head = false from ${rows}
    where d.lane = u.lane and d.lane is not null and d.stage = 'waiting' and d.head`,
);

const PROMOTE = change(
  'promote',
  { lane: 'text' },
  (rows) => `update delivery d set head = true
    from ${rows} cross join lateral (
      select e.id from delivery e where e.lane = u.lane and e.lane is not null and e.stage = 'waiting'
      order by e.seq limit 1) first
    where d.id = first.id and not d.head`,
);

const INSERT_LINES = insert('audit', { seq: 'bigint', patient: 'text', line: 'text', hash: 'text' });

const INSERT_FACTS = insert('fact', {
  ...{ seq: 'bigint', at: 'bigint', ods: 'text', interaction: 'text', kind: 'text', patient: 'text' },
  attributes: 'text',
});

const FORGET_FACTS: Statement = { name: 'forget facts', text: 'delete from fact where seq <= $1::bigint' };

const MOVE_HEAD: Statement = {
  name: 'move head',
  text: `update store_head set seq = $1, hash = $2, message_seq = $3, delivery_seq = $4, fact_seq = $5,
    facts_forgotten = $6, undecided = $7, undelivered = $8, dead = $9`,
};

function messageRows(messages: Iterable<MessageState>): { fresh: Cell[][]; changed: Cell[][] } {
  const [fresh, changed]: [Cell[][], Cell[][]] = [[], []];
  for (const { key, digest, stage, answer, decidedAt, reason, changed: touched, fresh: birth } of messages) {
    if (!touched) continue;
    if (birth === undefined) changed.push([key.messageId, key.sender, stage, decidedAt, answer, reason]);
    else {
      const { seq, interaction, receivedAt, cause, body } = birth;
      fresh.push([
        ...[key.messageId, key.sender, seq, digest, interaction, stage, decidedAt ?? receivedAt, receivedAt, decidedAt],
        ...[cause, answer, reason, body],
      ]);
    }
  }
  return { fresh, changed };
}

type Entry = [name: string, value: string];

/** Entries that are the same before and after stay untouched: most changes of state move one of them or none. */
function recordRows(records: Iterable<RecordState>) {
  const rows = { written: [] as Cell[][], removed: [] as Cell[][], entered: [] as Cell[][], left: [] as Cell[][] };
  for (const { kind, key, version, value, indexesBefore, indexes, changed } of records) {
    if (!changed) continue;
    if (value !== null) rows.written.push([kind, key, version, value, indexes]);
    else if (indexesBefore !== null) rows.removed.push([kind, key]);
    if (indexesBefore === indexes) continue;
    const before: Entry[] = JSON.parse(indexesBefore ?? '[]');
    const after: Entry[] = JSON.parse(indexes);
    const names = (entries: readonly Entry[]) => new Set(entries.map((entry) => entry.join('\0')));
    const [had, has] = [names(before), names(after)];
    for (const [name, entry] of before) if (!has.has(`${name}\0${entry}`)) rows.left.push([kind, name, entry, key]);
    for (const [name, entry] of after) if (!had.has(`${name}\0${entry}`)) rows.entered.push([kind, name, entry, key]);
  }
  return rows;
}

function deliveryRows(deliveries: Iterable<DeliveryState>): { fresh: Cell[][]; changed: Cell[][] } {
  const [fresh, changed]: [Cell[][], Cell[][]] = [[], []];
  for (const each of deliveries) {
    if (!each.changed) continue;
    const { id, seq, cause, receiver, mode, lane, interaction, stage, createdAt, dueAt, owner } = each;
    const { attempts, settledAt, reason, fresh: birth } = each;
    if (birth === undefined) changed.push([id, stage, createdAt, dueAt, owner, attempts, settledAt, reason]);
    else {
      fresh.push([
        ...[id, seq, cause.messageId, cause.sender, receiver, mode, lane, birth.head, interaction, stage],
        ...[createdAt, dueAt, owner, attempts, settledAt, reason, birth.draft, birth.body],
      ]);
    }
  }
  return { fresh, changed };
}

/** Writes the changes and commits. When it resolves they are kept; when it throws they may be only if the connection was lost. */
export async function commitBatch(session: Session, ledger: Ledger): Promise<void> {
  const sent: Promise<unknown>[] = [];
  const many = (statement: Many, rows: readonly Cell[][]) => {
    if (rows.length > 0) sent.push(session.run(statement, columnArrays(statement.columns, rows)));
  };
  const messages = messageRows(ledger.messages.values());
  const records = recordRows(ledger.records.values());
  const deliveries = deliveryRows(ledger.deliveries.values());
  const lanes = (names: ReadonlySet<string>) => [...names].map((name) => [name]);
  many(INSERT_MESSAGES, messages.fresh);
  many(UPDATE_MESSAGES, messages.changed);
  many(DELETE_RECORDS, records.removed);
  many(WRITE_RECORDS, records.written);
  many(DELETE_ENTRIES, records.left);
  many(INSERT_ENTRIES, records.entered);
  many(INSERT_DELIVERIES, deliveries.fresh);
  many(UPDATE_DELIVERIES, deliveries.changed);
  many(DEMOTE, lanes(ledger.revivedLanes));
  many(PROMOTE, lanes(ledger.movedLanes));
  many(INSERT_LINES, ledger.lines);
  many(INSERT_FACTS, ledger.facts);
  if (ledger.forgetFacts !== undefined) sent.push(session.run(FORGET_FACTS, [ledger.forgetFacts]));
  const { seq, hash, messageSeq, deliverySeq, factSeq, factsForgotten, undecided, undelivered, dead } = ledger.head;
  const head = [seq, hash, messageSeq, deliverySeq, factSeq, factsForgotten, undecided, undelivered, dead];
  sent.push(session.run(MOVE_HEAD, head));
  const done = session.command('commit');
  await allOf([...sent, done]);
  // A transaction with a fault in it answers a commit with ROLLBACK and no error of its own.
  if ((await done) !== 'COMMIT') throw new Error('the transaction was rolled back');
}
