/** The hub of hub.ts as a process of its own: it can be killed at any moment and started again on the same folder and port. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '../../config.ts';
import type { Store } from '../../core/store.ts';
import { silentTelemetry } from '../../core/telemetry.ts';
import { openStore } from '../../plugs.ts';
import { connected, mergePlans, type Plans, registerBefore, type TestHubOptions, type TestSystem } from './hub.ts';
import { authorityOf, type ExampleName, type PreparedSystem, prepareSystems } from './registration.ts';
import { freePort } from './services/child.ts';
import { runService, type Service } from './services/service.ts';
import { freshConfig, type Stack, type StackServices } from './stacks.ts';

export interface HubProcess<Name extends string = ExampleName> {
  readonly stack: Stack;
  readonly config: Config;
  readonly url: string;
  readonly systems: Readonly<Record<Name, TestSystem>>;
  readonly pid: number;
  /** What the next start is to do otherwise. */
  change(config: Partial<Config>): void;
  /** kill -9. */
  kill(): Promise<void>;
  /** Starts it again, stopping it in order first if it runs. Resolves when it answers a request. */
  restart(): Promise<void>;
  /** Stops it in order; it can be started again. */
  halt(): Promise<void>;
  /** Its store, for looking; on the embedded stack only while the hub does not run. Close it before the next start. */
  openStore(): Promise<Store>;
  /** The end: everything stopped, the folder gone. */
  stop(): Promise<void>;
}

const READY_WITHIN_ms = 20_000;

export async function startHubProcess<Extra extends string = never>(
  { stack, ...overrides }: TestHubOptions,
  plans?: Plans<Extra>,
  services?: StackServices,
): Promise<HubProcess<ExampleName | Extra>> {
  const port = await freePort();
  const config: Config = {
    ...(await freshConfig(stack, { engines: 2, ...overrides }, services)),
    messagePort: port,
  };
  const authority = await authorityOf(config);
  const prepared = await prepareSystems(authority, mergePlans(plans));
  const all: readonly PreparedSystem[] = Object.values(prepared);
  await registerBefore(config, all);

  const url = `https://${config.messageHost}:${port}`;
  const systems = connected(prepared, url, 32);
  const [someone] = Object.values<TestSystem>(systems);
  const file = join(config.dataFolder, 'config.json');
  writeFileSync(file, JSON.stringify(config));
  async function leave(): Promise<void> {
    await Promise.all(Object.values<TestSystem>(systems).map(({ client }) => client.close()));
    await Promise.all(all.map(({ receiver }) => receiver?.close()));
    rmSync(config.dataFolder, { recursive: true, force: true, maxRetries: 3 });
  }

  const service: Service = await runService({
    name: 'hub',
    command: process.execPath,
    arguments: [fileURLToPath(new URL('./hub-main.ts', import.meta.url)), file],
    folder: config.dataFolder,
    url,
    port,
    readyWithin_ms: READY_WITHIN_ms,
    async ready() {
      const answer = await someone?.client.send('GET', '/mailbox', {});
      if (answer?.status !== 200) throw new Error('not ready');
    },
    stopSignals: [{ signal: 'SIGTERM', within_ms: config.stopWithin_ms * 2 + 5_000 }],
  }).catch(async (thrown: unknown) => {
    await leave();
    throw thrown;
  });

  return {
    stack,
    config,
    url,
    systems,
    get pid() {
      return service.pid;
    },
    change: (more) => writeFileSync(file, JSON.stringify({ ...config, ...more })),
    kill: () => service.kill(),
    restart: () => service.restart(),
    halt: () => service.stop(),
    openStore: () => openStore(config, silentTelemetry),
    async stop() {
      await service.stop();
      await leave();
    },
  };
}
