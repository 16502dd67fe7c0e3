/** Opens the embedded store: one thread that owns the database, one port for each hub thread. */
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
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

export interface EmbeddedStore extends Store {
  /** Another end for another thread of this process: pass it on and wrap it with `createSqliteStore`. */
  connect(): MessagePort;
}

/** One process at a time: a folder whose lock names a live process is refused. */
async function lock(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, 'hub.lock');
  for (let attempt = 0; attempt < 2; attempt++) {
    let handle: FileHandle;
    try {
      handle = await open(path, 'wx', 0o600);
    } catch {
      const holder = await open(path, 'r')
        .then(async (file) => {
          const text = await file.readFile('utf8');
          await file.close();
          return Number(text);
        })
        .catch(() => 0);
      if (holder > 0 && holder !== process.pid && isAlive(holder)) {
        throw new HubError('STORE_UNAVAILABLE', { what: `the data folder is in use by process ${holder}` });
      }
      if (holder === process.pid)
        throw new HubError('STORE_UNAVAILABLE', { what: 'the data folder is open in this process' });
      await rm(path, { force: true });
      continue;
    }
    await handle.writeFile(String(process.pid));
    await handle.close();
    return () => rm(path, { force: true });
  }
  throw new HubError('STORE_UNAVAILABLE', { what: 'the data folder cannot be locked' });
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === 'EPERM';
  }
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
  const unlock = await lock(options.folder);
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: { folder: options.folder } });
  try {
    await new Promise<void>((resolve, reject) => {
      worker.once('message', () => resolve());
      worker.once('error', (cause) => reject(new HubError('STORE_UNAVAILABLE', {}, { cause })));
    });
  } catch (thrown) {
    await unlock();
    throw thrown;
  }

  const checkpointer = new Worker(new URL('./checkpointer.ts', import.meta.url), {
    workerData: { folder: options.folder },
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
    await unlock();
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
