/**
 * The store's own thread. Calls from every hub thread that has arrived by now make one batch: reads are answered at once
 * from what is committed, writes share one transaction and one sync.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { createAuditWriter } from './audit-writer.ts';
import { type Call, type OperationName, type Operations, READS, type Reply } from './protocol.ts';
import { createReads } from './reads.ts';
import { prepareDatabase } from './schema.ts';
import { prepareStatements } from './statements.ts';
import { createWrites } from './writes.ts';

/** Calls of one batch; a longer queue is worked off in several transactions. */
const BATCH_LIMIT = 512;
const database = new DatabaseSync(join(workerData.folder as string, 'hub.sqlite'));
prepareDatabase(database);
const statements = prepareStatements(database);
const trail = createAuditWriter(statements);
const operations: Operations = { ...createReads(statements), ...createWrites(statements, trail) };
const run = (name: OperationName, args: readonly unknown[]): unknown =>
  (operations[name] as (...values: readonly unknown[]) => unknown)(...args);

let waiting: { port: MessagePort; calls: readonly Call[] }[] = [];
let scheduled = false;

function answer(replies: Map<MessagePort, Reply[]>): void {
  for (const [port, list] of replies) port.postMessage(list);
}

function push(replies: Map<MessagePort, Reply[]>, port: MessagePort, reply: Reply): void {
  const list = replies.get(port);
  if (list === undefined) replies.set(port, [reply]);
  else list.push(reply);
}

/** Runs writes in one transaction; where one of them fails, each again in its own, so that it fails alone. */
function write(batch: readonly { port: MessagePort; call: Call }[], replies: Map<MessagePort, Reply[]>): void {
  const done: { port: MessagePort; reply: Reply }[] = [];
  try {
    database.exec('BEGIN IMMEDIATE');
    for (const { port, call } of batch) done.push({ port, reply: [call[0], run(call[1], call[2])] });
    database.exec('COMMIT');
  } catch (thrown) {
    try {
      if (database.isTransaction) database.exec('ROLLBACK');
      trail.rewind();
    } catch {
      // the rollback follows the fault that is reported below
    }
    if (batch.length > 1) {
      for (const one of batch) write([one], replies);
      return;
    }
    const failure = thrown instanceof Error ? thrown.message : String(thrown);
    for (const { port, call } of batch) push(replies, port, [call[0], undefined, failure]);
    return;
  }
  for (const { port, reply } of done) push(replies, port, reply);
}

function drain(): void {
  scheduled = false;
  const taken = waiting;
  waiting = [];
  const writes: { port: MessagePort; call: Call }[] = [];
  const early = new Map<MessagePort, Reply[]>();
  for (const { port, calls } of taken) {
    for (const call of calls) {
      if (!READS.has(call[1])) {
        writes.push({ port, call });
        continue;
      }
      try {
        push(early, port, [call[0], run(call[1], call[2])]);
      } catch (thrown) {
        push(early, port, [call[0], undefined, thrown instanceof Error ? thrown.message : String(thrown)]);
      }
    }
  }
  answer(early);
  for (let start = 0; start < writes.length; start += BATCH_LIMIT) {
    const replies = new Map<MessagePort, Reply[]>();
    write(writes.slice(start, start + BATCH_LIMIT), replies);
    answer(replies);
  }
}

function serve(port: MessagePort): void {
  port.on('message', (calls: readonly Call[]) => {
    waiting.push({ port, calls });
    if (scheduled) return;
    scheduled = true;
    setImmediate(drain);
  });
}

parentPort?.on('message', (message: { connect?: MessagePort; close?: boolean }) => {
  if (message.connect) serve(message.connect);
  if (message.close) {
    drain();
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    database.close();
    parentPort?.postMessage('closed');
    process.exit(0);
  }
});
parentPort?.postMessage('open');
