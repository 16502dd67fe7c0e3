/** The tables of the embedded store. Bodies lie apart, so that a change of state never rewrites them. */
import type { DatabaseSync } from 'node:sqlite';
import { HubError } from '../../core/errors.ts';

export const SCHEMA_VERSION = 1;

const TABLES = `
CREATE TABLE messages (
  seq INTEGER PRIMARY KEY,
  sender TEXT NOT NULL,
  id TEXT NOT NULL,
  stage INTEGER NOT NULL,             -- 0 accepted, 1 decided, 2 dead
  interaction TEXT NOT NULL,
  digest TEXT NOT NULL,
  received_at INTEGER NOT NULL,
  decided_at INTEGER,
  cause TEXT NOT NULL,
  answer TEXT,
  reason TEXT
) STRICT;
CREATE UNIQUE INDEX messages_key ON messages (id, sender);
CREATE INDEX messages_undecided ON messages (received_at) WHERE stage = 0;
CREATE INDEX messages_dead ON messages (id) WHERE stage = 2;
CREATE INDEX messages_decided ON messages (decided_at) WHERE stage = 1;
CREATE TABLE bodies (seq INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;

CREATE TABLE records (
  seq INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  version INTEGER NOT NULL,
  value TEXT NOT NULL,
  indexes TEXT NOT NULL             -- JSON: name, value, name, value ...
) STRICT;
CREATE UNIQUE INDEX records_key ON records (kind, key);
CREATE TABLE record_index (
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  key TEXT NOT NULL,
  PRIMARY KEY (kind, name, value, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE deliveries (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL,
  cause INTEGER NOT NULL,
  receiver TEXT NOT NULL,
  pull INTEGER NOT NULL,
  lane TEXT,
  state INTEGER NOT NULL,             -- 0 waiting, 1 acknowledged, 2 dead
  available_at INTEGER NOT NULL,      -- next attempt, or the end of the lease
  owner TEXT,
  attempts INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  settled_at INTEGER,
  reason TEXT
) STRICT;
CREATE UNIQUE INDEX deliveries_id ON deliveries (id);
CREATE INDEX deliveries_cause ON deliveries (cause);
CREATE INDEX deliveries_due ON deliveries (available_at) WHERE state = 0 AND pull = 0;
CREATE INDEX deliveries_lane ON deliveries (lane, seq) WHERE state = 0 AND lane IS NOT NULL;
CREATE INDEX deliveries_inbox ON deliveries (receiver, seq) WHERE state = 0 AND pull = 1;
CREATE INDEX deliveries_dead ON deliveries (id) WHERE state = 2;
CREATE TABLE delivery_bodies (seq INTEGER PRIMARY KEY, draft TEXT NOT NULL, body TEXT NOT NULL) STRICT;

-- line: core/audit-chain.ts lineText
CREATE TABLE audit (seq INTEGER PRIMARY KEY, patient TEXT, line TEXT NOT NULL, hash TEXT NOT NULL) STRICT;
CREATE INDEX audit_patient ON audit (patient, seq) WHERE patient IS NOT NULL;

CREATE TABLE facts (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  ods TEXT NOT NULL,
  interaction TEXT NOT NULL,
  patient TEXT,
  attributes TEXT NOT NULL
) STRICT;
`;

/**
 * Opens the tables, making them where the file is new.
 * `synchronous=FULL` in WAL mode syncs the log on every commit: a transaction that returned survives power loss.
 */
export function prepareDatabase(database: DatabaseSync): void {
  database.exec(`
    PRAGMA page_size = 4096;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = 32768;
    PRAGMA cache_size = -32768;
    PRAGMA temp_store = MEMORY;
    PRAGMA foreign_keys = OFF;
    PRAGMA busy_timeout = 5000;
  `);
  const version = Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
  if (version > SCHEMA_VERSION)
    throw new HubError('STORE_UNAVAILABLE', { what: 'the store is of a newer version of the hub' });
  if (version === SCHEMA_VERSION) return;
  database.exec(`BEGIN EXCLUSIVE; ${TABLES}; PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT;`);
}
