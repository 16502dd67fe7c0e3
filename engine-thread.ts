/** An engine in a thread of its own: it shares the port with its siblings and the store with everybody. */
import { join } from 'node:path';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { openAuthority } from './certs/authority.ts';
import type { Config } from './config.ts';
import { systemClock } from './core/clock.ts';
import { type Credentials, createEngine } from './engine.ts';
import { openStore, openTelemetry } from './plugs.ts';

export interface ThreadData {
  readonly config: Config;
  readonly credentials: Credentials;
  readonly engines: number;
  readonly acceptOnly: boolean;
  /** Of the embedded store. */
  readonly port: MessagePort | undefined;
}

export type ToThread =
  | { readonly kind: 'start'; readonly port: number }
  | { readonly kind: 'refresh' }
  | { readonly kind: 'look'; readonly id: number }
  | { readonly kind: 'stop' };

export type FromThread =
  | { readonly kind: 'made' }
  | { readonly kind: 'listening'; readonly port: number }
  | {
      readonly kind: 'looked';
      readonly id: number;
      readonly metrics: object;
      readonly closedBecause: string | undefined;
      readonly brokerWell: boolean;
    }
  | { readonly kind: 'stopped' };

const { config, credentials, engines, acceptOnly, port } = workerData as ThreadData;
const tell = (message: FromThread): void => parentPort?.postMessage(message);

const clock = systemClock;
const told = await openTelemetry(config, clock);
const store = await openStore(config, told.telemetry, port);
const authority = await openAuthority(join(config.dataFolder, 'authority'), { clock });
const engine = await createEngine({
  config,
  store,
  clock,
  telemetry: told.telemetry,
  credentials,
  authority,
  engines,
  acceptOnly,
});
told.watch({
  backlog: () => ({ undecided: 0, undelivered: 0, dead: 0, unreadFacts: 0 }),
  circuits: () => engine.path.deliverer.circuits(),
  connections: () => engine.door.connections(),
  systems: () => 0,
});

parentPort?.on('message', async (message: ToThread) => {
  switch (message.kind) {
    case 'start':
      tell({ kind: 'listening', port: await engine.start(message.port) });
      return;
    case 'refresh':
      await engine.directory
        .refresh()
        .catch((thrown: unknown) => told.telemetry.trouble('a refresh that failed', thrown));
      await engine.revocation.reload();
      return;
    case 'look':
      tell({
        kind: 'looked',
        id: message.id,
        metrics: await told.registry.getMetricsAsJSON(),
        closedBecause: engine.path.gate.closedBecause,
        brokerWell: engine.broker.healthy(),
      });
      return;
    case 'stop':
      await engine.stop();
      await store.close();
      await told.close();
      tell({ kind: 'stopped' });
      process.exit(0);
  }
});
tell({ kind: 'made' });
