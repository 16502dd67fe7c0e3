/**
 * Folds the log into the database beside the store's thread, on a connection of its own, so that no commit waits for it.
 * The writer folds the rest by itself when the log has grown too long.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';

const EVERY_ms = 500;

const database = new DatabaseSync(join(workerData.folder as string, 'hub.sqlite'));
database.exec('PRAGMA busy_timeout = 0; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0');

const timer = setInterval(() => {
  try {
    database.exec('PRAGMA wal_checkpoint(PASSIVE)');
  } catch {
    // busy or a full disk: the next round tries again, and writes report a full disk themselves
  }
}, EVERY_ms);

parentPort?.on('message', () => {
  clearInterval(timer);
  database.close();
  parentPort?.postMessage('closed');
  parentPort?.close();
});
