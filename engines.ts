/** The engines of a hub in threads: they share one port, and the kernel deals out the connections. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Config } from './config.ts';
import { deadline } from './core/deadline.ts';
import { HubError } from './core/errors.ts';
import type { Store } from './core/store.ts';
import type { Credentials } from './engine.ts';
import type { FromThread, ThreadData, ToThread } from './engine-thread.ts';
import type { EmbeddedStore } from './store/sqlite/open.ts';

const MADE_WITHIN_ms = 60_000;
/** Messages live for milliseconds: a small young generation, and an old one that is collected before it is slack. */
const ENGINE_HEAP = { maxYoungGenerationSizeMb: 12, maxOldGenerationSizeMb: 512 };
const LOOK_WITHIN_ms = 2_000;

export interface Looked {
  /** prom-client's metrics as JSON. */
  readonly metrics: object;
  readonly closedBecause: string | undefined;
  readonly brokerWell: boolean;
}

export interface Engines {
  start(port: number): Promise<number>;
  /** Sees changes of directory and revocation lists now. */
  refresh(): void;
  look(): Promise<Looked[]>;
  stop(): Promise<void>;
}

export interface EnginesParts {
  readonly config: Config;
  readonly credentials: Credentials;
  readonly store: Store;
  readonly acceptOnly: boolean;
  /** An engine that ends by itself takes the hub with it: whoever runs the hub starts it again. */
  onDeath(error: unknown): void;
}

export async function startThreads({
  config,
  credentials,
  store,
  acceptOnly,
  onDeath,
}: EnginesParts): Promise<Engines> {
  let stopping = false;
  let looks = 0;
  const workers = await Promise.all(
    Array.from({ length: config.engines }, async () => {
      const port = config.store === 'sqlite' ? (store as EmbeddedStore).connect() : undefined;
      const worker = new Worker(new URL('./engine-thread.ts', import.meta.url), {
        workerData: { config, credentials, engines: config.engines, acceptOnly, port } satisfies ThreadData,
        resourceLimits: ENGINE_HEAP,
        transferList: port === undefined ? [] : [port],
      });
      await deadline(next(worker, 'made'), MADE_WITHIN_ms, 'an engine');
      worker.on('error', onDeath);
      worker.on('exit', (code) => {
        if (!stopping) onDeath(new Error(`an engine ended with ${code}`));
      });
      return worker;
    }),
  );
  const tell = (worker: Worker, message: ToThread): void => worker.postMessage(message);

  return {
    async start(wanted) {
      let port = wanted;
      for (const worker of workers) {
        const listening = next(worker, 'listening');
        tell(worker, { kind: 'start', port });
        port = (await deadline(listening, MADE_WITHIN_ms, 'an engine that listens')).port;
      }
      return port;
    },
    refresh() {
      for (const worker of workers) tell(worker, { kind: 'refresh' });
    },
    look: () =>
      Promise.all(
        workers.map(async (worker) => {
          const id = ++looks;
          const looked = next(worker, 'looked', (message) => message.id === id);
          tell(worker, { kind: 'look', id });
          return deadline(looked, LOOK_WITHIN_ms, 'an engine');
        }),
      ),
    async stop() {
      stopping = true;
      await Promise.all(
        workers.map(async (worker) => {
          const ended = once(worker, 'exit');
          tell(worker, { kind: 'stop' });
          await deadline(ended, config.stopWithin_ms * 2 + 5_000, 'an engine').catch(() => worker.terminate());
        }),
      );
    },
  };
}

type Of<Kind extends FromThread['kind']> = Extract<FromThread, { kind: Kind }>;

/** The next message of this kind; rejects when the thread fails first. */
function next<Kind extends FromThread['kind']>(
  worker: Worker,
  kind: Kind,
  fits: (message: Of<Kind>) => boolean = () => true,
): Promise<Of<Kind>> {
  return new Promise((resolve, reject) => {
    const failed = (cause: unknown): void => {
      worker.off('message', look);
      reject(cause instanceof HubError ? cause : new HubError('INTERNAL', { what: 'an engine failed' }, { cause }));
    };
    const look = (message: FromThread): void => {
      if (message.kind !== kind || !fits(message as Of<Kind>)) return;
      worker.off('message', look);
      worker.off('error', failed);
      resolve(message as Of<Kind>);
    };
    worker.on('message', look);
    worker.once('error', failed);
  });
}
