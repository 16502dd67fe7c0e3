/** Opens the embedded store: one thread that owns the database, one port for each hub thread. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { HubError } from '../../core/errors.ts';
import type { Store } from '../../core/store.ts';
import { createSqliteStore } from './store.ts';

export interface SqliteStoreOptions {
  /** Holds hub.sqlite and its log; one process at a time. */
  readonly folder: string;
  /** Called when the store's thread ends by itself. */
  readonly onFailure?: (why: string) => void;
}

/** The threads hold rows on their way through and nothing for long. */
const STORE_HEAP = { maxYoungGenerationSizeMb: 16, maxOldGenerationSizeMb: 512 };
const CHECKPOINTER_HEAP = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 64 };

export interface EmbeddedStore extends Store {
  /** Another end for another thread of this process: pass it on and wrap it with `createSqliteStore`. */
  connect(): MessagePort;
}

/**
 * One process at a time. The lock is the operating system's, on a file that holds nothing: it ends with its process,
 * however that ends, and no process id has to be believed that another process may have by now.
 */
function lock(folder: string): () => void {
  const database = new DatabaseSync(join(folder, 'lock.sqlite'));
  try {
    database.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    throw new HubError('STORE_UNAVAILABLE', { what: 'the data folder is in use' }, { cause });
  }
  return () => database.close();
}

/** Asks a worker to end and waits for it. */
function ending(worker: Worker, message: unknown): Promise<void> {
  worker.ref();
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  worker.postMessage(message);
  return ended;
}

/** Rejects with STORE_UNAVAILABLE where the folder is in use, not writable, or of a newer version. */
export async function openSqliteStore(options: SqliteStoreOptions): Promise<EmbeddedStore> {
  await mkdir(options.folder, { recursive: true, mode: 0o700 });
  const unlock = lock(options.folder);
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: { folder: options.folder },
    resourceLimits: STORE_HEAP,
  });
  try {
    await new Promise<void>((resolve, reject) => {
      worker.once('message', () => resolve());
      worker.once('error', (cause) => reject(new HubError('STORE_UNAVAILABLE', {}, { cause })));
    });
  } catch (thrown) {
    unlock();
    throw thrown;
  }

  const checkpointer = new Worker(new URL('./checkpointer.ts', import.meta.url), {
    workerData: { folder: options.folder },
    resourceLimits: CHECKPOINTER_HEAP,
  });
  checkpointer.unref();

  let closing: Promise<void> | undefined;
  const connect = (): MessagePort => {
    const { port1, port2 } = new MessageChannel();
    worker.postMessage({ connect: port2 }, [port2]);
    return port1;
  };
  const port = connect();
  async function end(): Promise<void> {
    await ending(checkpointer, 'close');
    await ending(worker, { close: true });
    store.fail('the store is closed');
    port.close();
    unlock();
  }
  const store = createSqliteStore(port, () => {
    closing ??= end();
    return closing;
  });
  const failed = (why: string): void => {
    if (closing !== undefined) return;
    store.fail(why);
    options.onFailure?.(why);
  };
  checkpointer.on('error', (error) => failed(error.message));
  worker.on('error', (error) => failed(error.message));
  worker.on('exit', (code) => failed(`the store's thread ended with ${code}`));
  worker.unref();
  return { ...store, connect };
}
