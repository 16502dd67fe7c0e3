/** Everything else that is looked up, and the two changes that need no place in the chain: leases, and forgetting. */
import { causeFromText } from '../../core/cause-text.ts';
import type { Cause, Envelope } from '../../core/envelope.ts';
import type { Backlog, DeliveryTrack, Store } from '../../core/store.ts';
import { columnArrays } from './arrays.ts';
import type { Statement } from './link.ts';
import type { Readers } from './readers.ts';
import { capped, LIST_LIMIT } from './records.ts';
import * as rows from './rows.ts';
import { letterKey } from './settle.ts';

const FACTS_LIMIT = 50_000;
const PURGE_LIMIT = 10_000;

/** A push delivery that anybody may take: the head of its lane, due, and under no lease that still runs. */
const CLAIMABLE = `d.stage = 'waiting' and d.mode = 'push' and d.head and d.due_at <= $1::bigint`;

/** What other processes are taking at this moment is passed over, never waited for. */
const claim = (name: string, which: string): Statement => ({
  name,
  text: `with free as materialized (
      select d.id, d.due_at, d.seq from ${which} order by d.due_at, d.seq limit $2::bigint for update of d skip locked),
    taken as (
      update delivery d set owner = $3::text, due_at = $4::bigint from free where d.id = free.id
      returning ${rows.DELIVERY_COLUMNS}, free.due_at as was, free.seq as place)
    select draft, body, cause_sender, cause_message_id, created_at, attempts from taken order by was, place`,
});

const SQL = {
  undecided: `select m.cause from message m where m.stage = 'accepted' and m.since < $1::bigint
    order by m.since, m.seq limit $2::bigint`,
  envelopes: `select k.n, m.cause, m.body from unnest($1::text[], $2::text[]) with ordinality k(message_id, sender, n)
    join message m on m.message_id = k.message_id and m.sender = k.sender order by k.n`,
  due: `select ${rows.REF_COLUMNS} from delivery d where ${CLAIMABLE} order by d.due_at, d.seq limit $2::bigint`,
  inbox: `select ${rows.INBOX_COLUMNS} from delivery d
    where d.receiver = $1::text and d.stage = 'waiting' and d.mode = 'pull' and d.seq > $2::bigint
    order by d.seq limit $3::bigint`,
  inboxMessage: `select ${rows.DELIVERY_COLUMNS} from delivery d
    where d.id = $1::text and d.receiver = $2::text and d.stage = 'waiting' and d.mode = 'pull'`,
  deadDeliveries: `select ${rows.DEAD_DELIVERY_COLUMNS} from delivery d
    where d.stage = 'dead' and d.id > $1::text order by d.id limit $2::bigint`,
  deadMessages: `select ${rows.DEAD_MESSAGE_COLUMNS} from message m
    where m.stage = 'dead' and m.sender || '/' || m.message_id > $1::text collate "C"
    order by m.sender || '/' || m.message_id limit $2::bigint`,
  deadDelivery: `select ${rows.DEAD_DELIVERY_COLUMNS}, d.draft, d.body from delivery d
    where d.id = $1::text and d.stage = 'dead'`,
  deadMessage: `select ${rows.DEAD_MESSAGE_COLUMNS}, m.cause, m.body from message m
    where m.message_id = $1::text and m.sender = $2::text and m.stage = 'dead'`,
  track: `select ${rows.TRACK_COLUMNS} from message m where m.message_id = $1::text
    union all
    select ${rows.TRACK_COLUMNS} from delivery d
      join message m on m.message_id = d.cause_message_id and m.sender = d.cause_sender
    where d.id = $1::text and d.cause_message_id <> $1::text limit $2::bigint`,
  trackDeliveries: `select k.n, ${rows.DELIVERY_TRACK_COLUMNS}
    from unnest($1::text[], $2::text[]) with ordinality k(message_id, sender, n)
    join delivery d on d.cause_message_id = k.message_id and d.cause_sender = k.sender order by d.seq`,
  backlog: 'select undecided, undelivered, dead, fact_seq - facts_forgotten from store_head',
  auditLines: 'select line, hash from audit where seq > $1::bigint order by seq limit $2::bigint',
  auditForPatient: `select line, hash from audit where patient = $1::text and seq < $2::bigint
    order by seq desc limit $3::bigint`,
  facts: `select ${rows.FACT_COLUMNS} from fact where seq > $1::bigint order by seq limit $2::bigint`,
  purge: `with done as materialized (
      select m.message_id, m.sender from message m where m.stage = 'decided' and m.since < $1::bigint
        and not exists (select from delivery d where d.cause_message_id = m.message_id and d.cause_sender = m.sender
          and d.stage <> 'acknowledged')
      order by m.since, m.seq limit $2::bigint),
    emptied as (delete from delivery d using done
      where d.cause_message_id = done.message_id and d.cause_sender = done.sender),
    gone as (delete from message m using done
      where m.message_id = done.message_id and m.sender = done.sender returning 1)
    select count(*) from gone`,
} as const;

const statement = (name: keyof typeof SQL): Statement => ({ name, text: SQL[name] });
const CLAIM_DUE = claim('claim due', `delivery d where ${CLAIMABLE}`);
const CLAIM_NAMED = claim('claim named', `unnest($5::text[]) k(id) join delivery d on d.id = k.id where ${CLAIMABLE}`);

export type Queries = Omit<
  Store,
  'records' | 'admit' | 'commit' | 'audit' | 'settle' | 'replay' | 'forgetFacts' | 'healthy' | 'close'
>;

export function createQueries(readers: Readers): Queries {
  const run = (name: keyof typeof SQL, ...values: Parameters<Readers['run']>[1] & object) =>
    readers.run(statement(name), values);
  const keyArrays = (keys: readonly { messageId: string; sender: string }[]) =>
    columnArrays(
      ['text', 'text'],
      keys.map(({ messageId, sender }) => [messageId, sender]),
    );
  const hasNul = (text: string): boolean => text.includes('\0');

  return {
    undecided: async ({ before, limit }) =>
      (await run('undecided', before, capped(limit))).map(([cause]): Cause => causeFromText(String(cause))),

    async envelopes(keys) {
      const found: Envelope[] = [];
      for (let from = 0; from < keys.length; from += LIST_LIMIT) {
        const some = keys.slice(from, from + LIST_LIMIT);
        for (const [, cause, body] of await run('envelopes', ...keyArrays(some))) {
          found.push({ ...causeFromText(String(cause)), body: body as Buffer });
        }
      }
      return found;
    },

    async claim({ lease, now, limit, ids }) {
      const values = [now, capped(limit), lease.owner, lease.until];
      if (ids === undefined) return (await readers.run(CLAIM_DUE, values)).map(rows.delivery);
      if (ids.length === 0) return [];
      const named = columnArrays(
        ['text'],
        [...new Set(ids)].slice(0, LIST_LIMIT).map((id) => [id]),
      );
      return (await readers.run(CLAIM_NAMED, [...values, ...named])).map(rows.delivery);
    },

    due: async ({ now, limit }) => (await run('due', now, capped(limit))).map(rows.deliveryRef),

    inbox: async (receiver, { after, limit }) =>
      (await run('inbox', receiver, after, capped(limit))).map(rows.inboxEntry),

    async inboxMessage(receiver, id) {
      if (hasNul(id)) return undefined;
      const [row] = await run('inboxMessage', id, receiver);
      return row && rows.delivery(row);
    },

    async deadLetters({ after = '', limit }) {
      if (hasNul(after)) return [];
      const both = await Promise.all([
        run('deadDeliveries', after, capped(limit)),
        run('deadMessages', after, capped(limit)),
      ]);
      const letters = both.flat().map(rows.deadLetter);
      return letters.sort((a, b) => Buffer.compare(Buffer.from(a.id), Buffer.from(b.id))).slice(0, capped(limit));
    },

    async deadLetter(id) {
      if (hasNul(id)) return undefined;
      const key = letterKey(id);
      const [message] = key ? await run('deadMessage', key.messageId, key.sender) : [];
      const [row] = message ? [message] : await run('deadDelivery', id);
      if (row === undefined) return undefined;
      const { contentType } = JSON.parse(String(row[9])) as { contentType: string };
      return { letter: rows.deadLetter(row), contentType, body: row[10] as Buffer };
    },

    async track(messageId) {
      if (hasNul(messageId)) return [];
      const found = await run('track', messageId, LIST_LIMIT);
      if (found.length === 0) return [];
      const deliveries: DeliveryTrack[][] = found.map(() => []);
      const keys = keyArrays(found.map(([sender, id]) => ({ sender: String(sender), messageId: String(id) })));
      for (const [n, ...row] of await run('trackDeliveries', ...keys)) {
        deliveries[Number(n) - 1]?.push(rows.deliveryTrack(row));
      }
      return found.map((row, index) => rows.track(row, deliveries[index] ?? []));
    },

    async backlog(): Promise<Backlog> {
      const [row] = await run('backlog');
      const [undecided, undelivered, dead, unreadFacts] = (row ?? []).map(Number);
      return {
        ...{ undecided: undecided ?? 0, undelivered: undelivered ?? 0 },
        ...{ dead: dead ?? 0, unreadFacts: unreadFacts ?? 0 },
      };
    },

    auditLines: async ({ after, limit }) => (await run('auditLines', after, capped(limit))).map(rows.auditLine),
    auditForPatient: async (patient, { before = Number.MAX_SAFE_INTEGER, limit }) =>
      hasNul(patient) ? [] : (await run('auditForPatient', patient, before, capped(limit))).map(rows.auditLine),

    facts: async ({ after, limit }) => (await run('facts', after, capped(limit, FACTS_LIMIT))).map(rows.fact),

    async purge({ decidedBefore, limit }) {
      const [row] = await run('purge', decidedBefore, capped(limit, PURGE_LIMIT));
      return Number(row?.[0] ?? 0);
    },
  };
}
