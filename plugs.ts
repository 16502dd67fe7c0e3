/** Which implementation stands behind each port: configuration alone decides. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import { adapters, interactionsOf } from './adapters/registry.ts';
import { createEmbeddedBroker } from './broker/embedded/dispatcher.ts';
import type { Config } from './config.ts';
import type { Broker } from './core/broker.ts';
import type { Clock } from './core/clock.ts';
import type { Contract } from './core/contract.ts';
import type { InteractionId } from './core/identifiers.ts';
import type { Interaction } from './core/interaction.ts';
import type { SharedMemory } from './core/shared-memory.ts';
import type { Store } from './core/store.ts';
import type { Telemetry } from './core/telemetry.ts';
import { openDevelopmentIssuer } from './identity/development-issuer.ts';
import { createTokenVerifier, type Issuer, type TokenVerifier } from './identity/tokens.ts';
import packageFile from './package.json' with { type: 'json' };
import { createTelemetry, type HubTelemetry } from './routes/operations/telemetry.ts';
import { startTraces } from './routes/operations/traces.ts';
import { type Catalogue, createCatalogue } from './schemas/catalogue.ts';
import { DEFAULT_LIMITS } from './schemas/limits.ts';
import { createSharedMemory } from './store/memory/shared-memory.ts';

export const VERSION: string = packageFile.version;

export const INTERACTIONS: ReadonlyMap<InteractionId, Interaction> = interactionsOf(adapters);
const ANNOUNCED = new Map(adapters.flatMap(({ announcements }) => announcements.map((one) => [one.id, one] as const)));

/** The contract that an interaction has of its own, sent or announced; undefined for one that the hub does not carry. */
export const contractOf = (id: InteractionId): { readonly contract?: Partial<Contract> } | undefined =>
  INTERACTIONS.get(id) ?? ANNOUNCED.get(id);

/** The log, the metrics and, where an exporter is configured, the traces of one thread of the hub. */
export async function openTelemetry(config: Config, clock: Clock): Promise<HubTelemetry> {
  const tracer = await startTraces({ url: config.traceUrl, version: VERSION, clock });
  const told = createTelemetry({
    level: config.logLevel,
    version: VERSION,
    ...(config.logFile !== undefined && { destination: config.logFile }),
    ...(tracer && { tracer }),
  });
  return {
    ...told,
    async close() {
      await tracer?.stop();
      await told.close();
    },
  };
}

/** @param port the embedded store's thread, where another thread of this process has it open */
export async function openStore(config: Config, telemetry: Telemetry, port?: MessagePort): Promise<Store> {
  if (config.store === 'postgres') {
    const { openPostgresStore } = await import('./store/postgres/open.ts');
    const warn = (details: object, what: string): void => telemetry.trouble(what, details);
    return openPostgresStore({ url: config.postgresUrl ?? '', log: { warn } });
  }
  if (port !== undefined) {
    const { createSqliteStore } = await import('./store/sqlite/store.ts');
    return createSqliteStore(port, async () => port.close());
  }
  const { openSqliteStore } = await import('./store/sqlite/open.ts');
  const onFailure = (why: string): void => telemetry.trouble(`the store failed: ${why}`, undefined);
  return openSqliteStore({ folder: join(config.dataFolder, 'store'), onFailure });
}

export async function openBroker(config: Config, telemetry: Telemetry): Promise<Broker> {
  if (config.broker === 'embedded') return createEmbeddedBroker();
  const { createRabbitBroker } = await import('./broker/rabbitmq/dispatcher.ts');
  const onTrouble = (what: string, error: unknown): void => telemetry.trouble(what, error);
  return createRabbitBroker({ url: config.rabbitmqUrl ?? '', onTrouble });
}

export async function openSharedMemory(config: Config, store: Store, clock: Clock): Promise<SharedMemory> {
  if (config.sharedMemory === 'process') return createSharedMemory({ clock });
  const { createRedisSharedMemory } = await import('./store/redis/shared-memory.ts');
  const startsEmpty = (await store.auditLines({ after: 0, limit: 1 })).length === 0;
  return createRedisSharedMemory({ url: config.redisUrl ?? '', startsEmpty });
}

/** Whose tokens of persons are believed: the configured issuers, or the development issuer of the data folder. */
export async function openTokens(config: Config, clock: Clock): Promise<TokenVerifier> {
  if (config.tokenIssuersFile !== undefined) {
    const issuers = JSON.parse(await readFile(config.tokenIssuersFile, 'utf8')) as Issuer[];
    return createTokenVerifier({ issuers, clock });
  }
  const { issuer, jwks, algorithms } = await openDevelopmentIssuer(join(config.dataFolder, 'issuer'), { clock });
  return createTokenVerifier({ issuers: [{ issuer, jwks, algorithms, audience: config.partyKey }], clock });
}

/** Every schema that an interaction names, compiled. */
export function openCatalogue(config: Config): Catalogue {
  const catalogue = createCatalogue({
    xsdFolder: join(import.meta.dirname, 'schemas'),
    ...(config.officialSchemaFolder !== undefined && { officialXsdFolder: config.officialSchemaFolder }),
    limits: { ...DEFAULT_LIMITS, bytes: config.mostBody_bytes },
  });
  catalogue.prepare(['xml', ...new Set([...INTERACTIONS.values()].map(({ schema }) => schema))]);
  return catalogue;
}
