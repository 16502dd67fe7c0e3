/** The composition root: what is plugged in here. Read downwards it is the hub, from its store to its doors. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AggregatorRegistry } from 'prom-client';
import { type Authority, openAuthority } from './certs/authority.ts';
import { type Config, describeConfig } from './config.ts';
import { systemClock } from './core/clock.ts';
import type { Store } from './core/store.ts';
import { createEngine, type Engine, listen, openCredentials } from './engine.ts';
import { type Engines, startThreads } from './engines.ts';
import { type Housekeeping, openHousekeeping } from './housekeeping.ts';
import { createManagement, openDirectory, tellWhereabouts } from './management.ts';
import { openStore, openTelemetry } from './plugs.ts';
import { createAdminServer } from './routes/admin/api.ts';
import type { Administration } from './routes/admin/operations.ts';
import { openOperatorToken } from './routes/admin/operator-token.ts';
import { createOperationsServer, looksOf } from './routes/operations/server.ts';
import { createSharedMemory } from './store/memory/shared-memory.ts';

export interface Hub {
  readonly config: Config;
  readonly store: Store;
  readonly authority: Authority;
  readonly housekeeping: Housekeeping;
  /** The engine of this thread; undefined where engines run in threads of their own. */
  readonly engine: Engine | undefined;
  readonly administration: Administration;
  readonly messageUrl: string;
  readonly adminUrl: string;
  readonly operationsUrl: string;
  /** Sees changes of directory and revocation lists now, in every engine. */
  refresh(): Promise<void>;
  stop(): Promise<void>;
}

export { openOffline } from './management.ts';

export interface HubOptions {
  /** Messages are accepted and left: for measuring what the doors do alone. */
  readonly acceptOnly?: boolean;
}

/** Rejects where a part cannot be had: a store in use, a port taken, a list that cannot be read. */
export async function startHub(config: Config, options: HubOptions = {}): Promise<Hub> {
  const clock = systemClock;
  await mkdir(join(config.dataFolder, 'keys'), { recursive: true, mode: 0o700 });
  const told = await openTelemetry(config, clock);
  const { telemetry, log } = told;
  log.info({ settings: describeConfig(config) }, 'starting');

  const store = await openStore(config, telemetry);
  const authority = await openAuthority(join(config.dataFolder, 'authority'), { clock });
  const credentials = await openCredentials(config, authority);
  const housekeeping = await openHousekeeping({ config, store, clock, telemetry, authority });
  const { acceptOnly = false } = options;
  const engine =
    config.engines > 1
      ? undefined
      : await createEngine({
          config,
          store,
          clock,
          telemetry,
          credentials,
          authority,
          engines: 1,
          acceptOnly,
        });
  const threads = engine ? undefined : await startThreads({ config, credentials, store, acceptOnly, onDeath: fatal });

  function fatal(error: unknown): void {
    telemetry.trouble('an engine died', error);
    void told.close().finally(() => process.exit(70));
  }

  const looks = engine
    ? looksOf({
        store,
        broker: engine.broker,
        gate: engine.path.gate,
        revocation: engine.revocation,
        sharedMemory: engine.shared,
      })
    : looksOfThreads(store, threads as Engines);
  if (engine) {
    told.watch({
      backlog: () => engine.path.gate.backlog,
      circuits: () => engine.path.deliverer.circuits(),
      connections: () => engine.door.connections(),
      systems: () => engine.directory.size,
    });
  }
  const registry = {
    contentType: told.registry.contentType,
    async metrics() {
      if (!threads) return told.registry.metrics();
      const all = [await told.registry.getMetricsAsJSON(), ...(await threads.look()).map(({ metrics }) => metrics)];
      return AggregatorRegistry.aggregate(all).metrics();
    },
  };
  const operations = createOperationsServer({ registry, looks });

  // the operator's side sees changes at once, and makes every engine see them
  const directory = engine?.directory ?? (await openDirectory(store, clock, telemetry));
  async function refresh(): Promise<void> {
    await directory.refresh();
    await engine?.revocation.reload();
    threads?.refresh();
  }
  const management = createManagement({
    ...{ config, store, authority, clock },
    directory: { ...directory, refresh },
    running: {
      enforceRevocation: refresh,
      running: {
        closedBecause: () => engine?.path.gate.closedBecause,
        circuits: () => engine?.path.deliverer.circuits() ?? [],
      },
    },
  });
  const admin = createAdminServer({
    ...management,
    ...{ store, clock, telemetry, material: credentials },
    token: await openOperatorToken(config.dataFolder),
    attempts: createSharedMemory({ clock }),
  });

  housekeeping.start();
  const messagePort = await (engine ?? (threads as Engines)).start(config.messagePort);
  const operationsPort = await listen(operations, { port: config.operationsPort, host: config.operationsHost });
  const adminPort = await listen(admin.server, { port: config.adminPort, host: config.adminHost });
  const urls = {
    messageUrl: `https://${config.messageHost}:${messagePort}`,
    adminUrl: `https://${config.adminHost}:${adminPort}`,
    operationsUrl: `http://${config.operationsHost}:${operationsPort}`,
  };
  const forgetWhereabouts = await tellWhereabouts(config, {
    pid: process.pid,
    serverCertificate: credentials.cert,
    ...urls,
  });
  log.info({ ...urls, engines: config.engines }, 'serving');

  return {
    ...{ config, store, authority, housekeeping, engine, administration: management.administration, ...urls, refresh },
    async stop() {
      await forgetWhereabouts();
      await admin.close(1_000);
      await (engine ?? threads)?.stop();
      if (!engine) directory.close();
      await housekeeping.stop();
      await store.close();
      operations.closeAllConnections();
      operations.close();
      log.info('stopped');
      await told.close();
    },
  };
}

/** Whether each part is well, as the threads see it. */
function looksOfThreads(store: Store, threads: Engines) {
  const plain = (ready: boolean, reason: string) => (ready ? { ready } : { ready, reason });
  return {
    store: async () => plain(await store.healthy(), 'does not answer or cannot write'),
    engines: async () => {
      const closed = (await threads.look()).flatMap(({ closedBecause }) => closedBecause ?? []);
      return plain(closed.length === 0, `closed: ${[...new Set(closed)].join(', ')}`);
    },
    broker: async () =>
      plain(
        (await threads.look()).every(({ brokerWell }) => brokerWell),
        'is not connected',
      ),
  };
}
