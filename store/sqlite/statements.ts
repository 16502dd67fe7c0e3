/** Prepared statements, made once and used for every message. */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';

const SQL = {
  findMessage: 'SELECT seq, stage, digest, answer FROM messages WHERE id = ? AND sender = ?',
  insertMessage: `INSERT INTO messages (sender, id, stage, interaction, digest, received_at, decided_at, cause, answer, reason)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  decideMessage: 'UPDATE messages SET stage = ?, decided_at = ?, answer = ?, reason = ? WHERE seq = ?',
  insertBody: 'INSERT INTO bodies (seq, body) VALUES (?, ?)',
  reviveMessage:
    'UPDATE messages SET stage = 0, decided_at = NULL, answer = NULL, reason = NULL WHERE seq = ? AND stage = 2',
  recordVersion: 'SELECT seq, version, indexes FROM records WHERE kind = ? AND key = ?',
  insertRecord: 'INSERT INTO records (kind, key, version, value, indexes) VALUES (?, ?, 1, ?, ?)',
  updateRecord: 'UPDATE records SET version = version + 1, value = ?, indexes = ? WHERE seq = ?',
  deleteRecord: 'DELETE FROM records WHERE seq = ?',
  deleteIndex: 'DELETE FROM record_index WHERE kind = ? AND name = ? AND value = ? AND key = ?',
  insertIndex: 'INSERT OR IGNORE INTO record_index (kind, name, value, key) VALUES (?, ?, ?, ?)',
  getRecord: 'SELECT version, value FROM records WHERE kind = ? AND key = ?',
  insertDelivery: `INSERT INTO deliveries (id, cause, receiver, pull, lane, state, available_at, owner, attempts, created_at)
    VALUES (?, ?, ?, ?, ?, 0, ?, ?, 0, ?)`,
  insertDeliveryBody: 'INSERT INTO delivery_bodies (seq, draft, body) VALUES (?, ?, ?)',
  laneBusy: 'SELECT 1 FROM deliveries WHERE lane = ? AND state = 0 AND lane IS NOT NULL AND seq < ? LIMIT 1',
  dueDeliveries: `SELECT seq, id, receiver, lane FROM deliveries AS d
    WHERE state = 0 AND pull = 0 AND available_at <= ?
      AND (lane IS NULL OR NOT EXISTS (SELECT 1 FROM deliveries AS e WHERE e.lane = d.lane AND e.lane IS NOT NULL AND e.state = 0 AND e.seq < d.seq))
    ORDER BY available_at LIMIT ?`,
  deliveryById:
    'SELECT seq, cause, receiver, pull, lane, state, available_at AS availableAt, owner, attempts FROM deliveries WHERE id = ?',
  leaseDelivery: 'UPDATE deliveries SET owner = ?, available_at = ? WHERE seq = ?',
  readDelivery: `SELECT b.draft, b.body, m.sender, m.id AS messageId, d.created_at AS createdAt, d.attempts
    FROM deliveries d JOIN delivery_bodies b ON b.seq = d.seq JOIN messages m ON m.seq = d.cause WHERE d.seq = ?`,
  acknowledge: 'UPDATE deliveries SET state = 1, settled_at = ?, owner = NULL WHERE seq = ?',
  retry: 'UPDATE deliveries SET attempts = attempts + 1, available_at = ?, owner = NULL, reason = ? WHERE seq = ?',
  defer: 'UPDATE deliveries SET available_at = ?, owner = NULL WHERE seq = ?',
  bury: 'UPDATE deliveries SET state = 2, attempts = attempts + 1, settled_at = ?, owner = NULL, reason = ? WHERE seq = ?',
  reviveDelivery: `UPDATE deliveries SET state = 0, attempts = 0, created_at = ?, available_at = ?, settled_at = NULL, owner = NULL, reason = NULL
    WHERE id = ? AND state = 2`,
  insertAudit: 'INSERT INTO audit (seq, patient, line, hash) VALUES (?, ?, ?, ?)',
  lastAudit: 'SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1',
  insertFact: 'INSERT INTO facts (at, kind, ods, interaction, patient, attributes) VALUES (?, ?, ?, ?, ?, ?)',
  forgetFacts: 'DELETE FROM facts WHERE seq <= ?',
  undecided: 'SELECT cause FROM messages WHERE stage = 0 AND received_at < ? ORDER BY received_at, seq LIMIT ?',
  envelope: 'SELECT m.cause, b.body FROM messages m JOIN bodies b ON b.seq = m.seq WHERE m.id = ? AND m.sender = ?',
  inbox: `SELECT d.seq, b.draft, d.created_at AS createdAt FROM deliveries d JOIN delivery_bodies b ON b.seq = d.seq
    WHERE d.receiver = ? AND d.state = 0 AND d.pull = 1 AND d.seq > ? ORDER BY d.seq LIMIT ?`,
  deadDeliveries: `SELECT d.id, d.receiver, d.reason, d.settled_at AS diedAt, d.attempts, b.draft, m.sender, m.id AS messageId
    FROM deliveries d JOIN delivery_bodies b ON b.seq = d.seq JOIN messages m ON m.seq = d.cause
    WHERE d.state = 2 AND d.id > ? ORDER BY d.id LIMIT ?`,
  deadMessages: `SELECT sender, id, interaction, reason, decided_at AS diedAt FROM messages
    WHERE stage = 2 AND sender || '/' || id > ? ORDER BY sender || '/' || id LIMIT ?`,
  deadDelivery: `SELECT d.id, d.receiver, d.reason, d.settled_at AS diedAt, d.attempts, b.draft, b.body, m.sender, m.id AS messageId
    FROM deliveries d JOIN delivery_bodies b ON b.seq = d.seq JOIN messages m ON m.seq = d.cause
    WHERE d.id = ? AND d.state = 2`,
  deadMessage: `SELECT m.sender, m.id, m.interaction, m.reason, m.decided_at AS diedAt, m.cause, b.body
    FROM messages m JOIN bodies b ON b.seq = m.seq WHERE m.id = ? AND m.sender = ? AND m.stage = 2`,
  trackMessages: `SELECT seq, sender, id, interaction, stage, received_at AS receivedAt, decided_at AS decidedAt, answer, reason
    FROM messages WHERE id = ? OR seq IN (SELECT cause FROM deliveries WHERE id = ?) LIMIT 100`,
  trackDeliveries: `SELECT d.id, d.receiver, d.pull, b.draft, d.state, d.attempts, d.created_at AS createdAt, d.settled_at AS settledAt, d.reason
    FROM deliveries d JOIN delivery_bodies b ON b.seq = d.seq WHERE d.cause = ? ORDER BY d.seq LIMIT 1000`,
  auditLines: 'SELECT line, hash FROM audit WHERE seq > ? ORDER BY seq LIMIT ?',
  auditForPatient: 'SELECT line, hash FROM audit WHERE patient = ? AND seq < ? ORDER BY seq DESC LIMIT ?',
  facts: 'SELECT * FROM facts WHERE seq > ? ORDER BY seq LIMIT ?',
  purgeable: `SELECT m.seq FROM messages m WHERE m.stage = 1 AND m.decided_at < ?
      AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.cause = m.seq AND d.state <> 1)
    ORDER BY m.decided_at LIMIT ?`,
  purgeBody: 'DELETE FROM bodies WHERE seq = ?',
  purgeMessage: 'DELETE FROM messages WHERE seq = ?',
  purgeDeliveryBodies: 'DELETE FROM delivery_bodies WHERE seq IN (SELECT seq FROM deliveries WHERE cause = ?)',
  purgeDeliveries: 'DELETE FROM deliveries WHERE cause = ?',
  countUndecided: 'SELECT count(*) AS n FROM messages WHERE stage = 0',
  // two counts, because each has an index of its own and both together have none
  countUndelivered: `SELECT (SELECT count(*) FROM deliveries WHERE state = 0 AND pull = 0)
    + (SELECT count(*) FROM deliveries WHERE state = 0 AND pull = 1) AS n`,
  countDead: `SELECT (SELECT count(*) FROM messages WHERE stage = 2) + (SELECT count(*) FROM deliveries WHERE state = 2) AS n`,
  countFacts: 'SELECT coalesce(max(seq) - min(seq) + 1, 0) AS n FROM facts',
} as const;

export type StatementName = keyof typeof SQL;

export interface Statements {
  run(name: StatementName, ...values: SQLInputValue[]): { changes: number; row: number };
  get<Row>(name: StatementName, ...values: SQLInputValue[]): Row | undefined;
  all<Row>(name: StatementName, ...values: SQLInputValue[]): Row[];
  /** A query whose text depends on what is asked; kept by that text. */
  query<Row>(sql: string, ...values: SQLInputValue[]): Row[];
}

export function prepareStatements(database: DatabaseSync): Statements {
  const prepared = new Map<string, StatementSync>();
  const statement = (sql: string): StatementSync => {
    let found = prepared.get(sql);
    if (found === undefined) {
      found = database.prepare(sql);
      prepared.set(sql, found);
    }
    return found;
  };
  return {
    run(name, ...values) {
      const done = statement(SQL[name]).run(...values);
      return { changes: Number(done.changes), row: Number(done.lastInsertRowid) };
    },
    get: <Row>(name: StatementName, ...values: SQLInputValue[]) =>
      statement(SQL[name]).get(...values) as Row | undefined,
    all: <Row>(name: StatementName, ...values: SQLInputValue[]) => statement(SQL[name]).all(...values) as Row[],
    query: <Row>(sql: string, ...values: SQLInputValue[]) => statement(sql).all(...values) as Row[],
  };
}
