/** The tables, as numbered steps that each database takes once, in order. A step that was released is never edited. */
import { HubError } from '../../core/errors.ts';
import type { Session } from './link.ts';

/** Identifiers are compared by their bytes, as JavaScript and the embedded store compare them. */
const ID = 'text collate "C"';

const FIRST = `
create table store_head (          -- one row; every transaction that writes holds it
  one boolean primary key default true check (one),
  seq bigint not null,             -- of the last audit line
  hash text not null,
  message_seq bigint not null,
  delivery_seq bigint not null,
  fact_seq bigint not null,
  facts_forgotten bigint not null,
  undecided bigint not null,
  undelivered bigint not null,
  dead bigint not null
) with (fillfactor = 10);
insert into store_head values (true, 0, repeat('0', 64), 0, 0, 0, 0, 0, 0, 0);

create table message (
  message_id ${ID} not null,
  sender ${ID} not null,
  seq bigint not null,
  digest text not null,
  interaction text not null,
  stage text not null check (stage in ('accepted', 'decided', 'dead')),
  since bigint not null,           -- received_at while accepted, then decided_at
  received_at bigint not null,
  decided_at bigint,
  cause text not null,
  answer text,
  reason text,
  body bytea not null,
  primary key (message_id, sender)
);
create index message_stage on message (stage, since, seq);
create index message_dead on message ((sender || '/' || message_id)) where stage = 'dead';

create table record (
  kind ${ID} not null,
  key ${ID} not null,
  version bigint not null,
  value text not null,
  indexes text not null,           -- JSON, [[name, value] ...]: what record_index holds for it
  primary key (kind, key)
) with (fillfactor = 80);

create table record_index (
  kind ${ID} not null,
  name ${ID} not null,
  value ${ID} not null,
  key ${ID} not null,
  primary key (kind, name, value, key)
);

create table delivery (
  id ${ID} primary key,
  seq bigint not null,
  cause_message_id ${ID} not null,
  cause_sender ${ID} not null,
  receiver ${ID} not null,
  mode text not null check (mode in ('push', 'pull')),
  lane ${ID},
  head boolean not null,           -- nothing earlier waits in its lane
  interaction text not null,
  stage text not null check (stage in ('waiting', 'acknowledged', 'dead')),
  created_at bigint not null,
  due_at bigint not null,          -- the next attempt, or the end of the lease
  owner text,                      -- who holds the lease, or held it last
  attempts bigint not null,
  settled_at bigint,
  reason text,
  draft text not null,
  body bytea not null
);
create index delivery_cause on delivery (cause_message_id, cause_sender);
create index delivery_due on delivery (due_at, seq) where stage = 'waiting' and mode = 'push' and head;
create index delivery_lane on delivery (lane, seq) where stage = 'waiting' and lane is not null;
create index delivery_inbox on delivery (receiver, seq) where stage = 'waiting' and mode = 'pull';
create index delivery_dead on delivery (id) where stage = 'dead';

create table audit (
  seq bigint primary key,
  patient ${ID},
  line text not null,              -- JSON: core/audit-chain.ts, lineText
  hash text not null
);
create index audit_patient on audit (patient, seq) where patient is not null;

create table fact (
  seq bigint primary key,
  at bigint not null,
  ods text not null,
  interaction text not null,
  kind text not null,
  patient text,
  attributes text not null
);
`;

const STEPS: readonly string[] = [FIRST];

/** Any number that nothing else in the database locks. */
const LOCK = 7_226_381_940;

/**
 * Brings the database to this program's version; several processes may start at once.
 * Throws STORE_UNAVAILABLE for a database of a newer version, or one that does not keep text as UTF-8.
 */
export async function migrate(session: Session): Promise<void> {
  await session.command('begin');
  try {
    await session.command(`set local lock_timeout = 60000; set local statement_timeout = 60000;`);
    await session.command(`select pg_advisory_xact_lock(${LOCK})`);
    await session.command('create table if not exists schema_version (version bigint not null)');
    const [found] = await session.run({
      name: '',
      text: `select coalesce((select max(version) from schema_version), 0), current_setting('server_encoding')`,
    });
    const [version, encoding] = [Number(found?.[0] ?? 0), found?.[1]];
    if (encoding !== 'UTF8') throw new HubError('STORE_UNAVAILABLE', { what: 'the database is not in UTF8' });
    if (version > STEPS.length) {
      throw new HubError('STORE_UNAVAILABLE', { what: 'the database is of a newer version of the hub', version });
    }
    for (const step of STEPS.slice(version)) await session.command(step);
    if (version < STEPS.length) {
      await session.command(`delete from schema_version; insert into schema_version values (${STEPS.length})`);
    }
    await session.command('commit');
  } catch (thrown) {
    await session.command('rollback').catch(() => {});
    throw thrown;
  }
}
