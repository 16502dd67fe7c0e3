/** RabbitMQ, PostgreSQL and Redis for tests: on free loopback ports, in a temporary folder, stopped with us. */
import { chmodSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownFolder, removeFolder } from './services/child.ts';
import { locate, type ServiceName } from './services/install.ts';
import { type PostgresService, startPostgres } from './services/postgres.ts';
import { type RabbitmqService, startRabbitmq } from './services/rabbitmq.ts';
import { type RedisService, startRedis } from './services/redis.ts';
import type { Service } from './services/service.ts';

export type { PostgresService, RabbitmqService, RedisService, ServiceName };

export interface Services {
  readonly postgres?: PostgresService;
  readonly rabbitmq?: RabbitmqService;
  readonly redis?: RedisService;
  stop(): Promise<void>;
}

const FOLDER = 'hub-services-';

/** Folders of processes that were killed before they could clear them away; their servers died with them. */
function sweep(): void {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(FOLDER) ? Number(name.slice(FOLDER.length).split('-')[0]) : Number.NaN;
    if (!(pid > 1)) continue;
    try {
      process.kill(pid, 0);
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === 'ESRCH') removeFolder(join(tmpdir(), name));
    }
  }
}

/**
 * Starts the named services side by side and resolves when each answers its clients.
 * Installs Debian's packages where it may; otherwise the error says what to install.
 */
export async function startServices(options: { readonly which: readonly ServiceName[] }): Promise<Services> {
  const places = locate(options.which);
  sweep();
  const folder = mkdtempSync(join(tmpdir(), `${FOLDER}${process.pid}-`));
  chmodSync(folder, 0o755);
  ownFolder(folder);
  const started: Service[] = [];
  const begin = async <S extends Service>(
    name: ServiceName,
    start: (place: string, folder: string) => Promise<S>,
  ): Promise<S | undefined> => {
    const place = places.get(name);
    if (place === undefined) return undefined;
    const service = await start(place, join(folder, name));
    started.push(service);
    return service;
  };
  const stop = async () => {
    await Promise.all(started.splice(0).map((service) => service.stop()));
    removeFolder(folder);
  };
  // All are awaited, even when one fails: nothing may come up after the clearing away.
  const [rabbitmq, postgres, redis] = await Promise.allSettled([
    begin('rabbitmq', startRabbitmq),
    begin('postgres', startPostgres),
    begin('redis', startRedis),
  ]);
  for (const result of [rabbitmq, postgres, redis]) {
    if (result.status === 'fulfilled') continue;
    await stop();
    throw result.reason;
  }
  return {
    ...(postgres.status === 'fulfilled' && postgres.value && { postgres: postgres.value }),
    ...(rabbitmq.status === 'fulfilled' && rabbitmq.value && { rabbitmq: rabbitmq.value }),
    ...(redis.status === 'fulfilled' && redis.value && { redis: redis.value }),
    stop,
  };
}

interface Starters {
  readonly postgres: PostgresService;
  readonly rabbitmq: RabbitmqService;
  readonly redis: RedisService;
}

const shared = new Map<ServiceName, Promise<Services>>();

/**
 * One of each for the whole test run, started when first asked for and stopped after the last test
 * (services-hooks.ts), or with the process. Tests that kill a service start their own with `startServices`.
 */
export async function sharedService<Name extends ServiceName>(name: Name): Promise<Starters[Name]> {
  let starting = shared.get(name);
  if (!starting) {
    starting = startServices({ which: [name] });
    shared.set(name, starting);
  }
  return (await starting)[name] as Starters[Name];
}

/** The same for several at once, started side by side. */
export async function sharedServices(...names: ServiceName[]): Promise<Services> {
  locate(names);
  const each = await Promise.all(names.map(async (name) => [name, await sharedService(name)] as const));
  return { ...Object.fromEntries(each), stop: stopSharedServices };
}

export async function stopSharedServices(): Promise<void> {
  const all = await Promise.allSettled(shared.values());
  shared.clear();
  await Promise.all(all.map((result) => (result.status === 'fulfilled' ? result.value.stop() : undefined)));
}
