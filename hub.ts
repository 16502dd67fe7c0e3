/** The composition root: what is plugged in here. Read downwards it is the hub, from its store to its doors. */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import { adapters, interactionsOf } from './adapters/registry.ts';
import { openHeads } from './audit/heads.ts';
import { createEmbeddedBroker } from './broker/embedded/dispatcher.ts';
import { DEFAULT_LIMITS } from './broker/parts.ts';
import { createMessagePath, type MessagePath } from './broker/path.ts';
import { type Authority, openAuthority } from './certs/authority.ts';
import { createDoor } from './certs/door.ts';
import { DEFAULT_DOOR_LIMITS } from './certs/door-limits.ts';
import { openRevocation } from './certs/revocation.ts';
import { type Config, describeConfig } from './config.ts';
import type { Broker } from './core/broker.ts';
import { type Clock, systemClock } from './core/clock.ts';
import type { InteractionId } from './core/identifiers.ts';
import type { Interaction } from './core/interaction.ts';
import type { SharedMemory } from './core/shared-memory.ts';
import type { Store } from './core/store.ts';
import type { Telemetry } from './core/telemetry.ts';
import { createDirectory } from './directory/reader.ts';
import { requireMaySend } from './directory/rights.ts';
import { openDevelopmentIssuer } from './identity/development-issuer.ts';
import { createTokenVerifier, type Issuer, type TokenVerifier } from './identity/tokens.ts';
import packageFile from './package.json' with { type: 'json' };
import { openLakeProcess } from './pipeline/lake-process.ts';
import { createPseudonymiser, openRootKey } from './pipeline/pseudonym.ts';
import { createTap } from './pipeline/tap.ts';
import { createPace } from './routes/guards/pace.ts';
import { createRefusalAudit } from './routes/guards/refusals.ts';
import { mailboxOf } from './routes/mailbox/mailbox.ts';
import { createMessageHandler } from './routes/message-door.ts';
import { createOperationsServer, looksOf } from './routes/operations/server.ts';
import { createTelemetry } from './routes/operations/telemetry.ts';
import { startTraces } from './routes/operations/traces.ts';
import { createPush } from './routes/push.ts';
import { createCatalogue } from './schemas/catalogue.ts';
import { DEFAULT_LIMITS as DOCUMENT_LIMITS } from './schemas/limits.ts';
import { createSharedMemory } from './store/memory/shared-memory.ts';

export interface Hub {
  readonly config: Config;
  readonly store: Store;
  readonly path: MessagePath;
  readonly messageUrl: string;
  readonly operationsUrl: string;
  stop(): Promise<void>;
}

const VERSION: string = packageFile.version;

const INTERACTIONS: ReadonlyMap<InteractionId, Interaction> = interactionsOf(adapters);
const ANNOUNCED = new Map(adapters.flatMap((adapter) => adapter.announcements.map((one) => [one.id, one] as const)));
const PURGE_EVERY_ms = 60_000;
const REFRESH_LIST_EVERY_ms = 60 * 60 * 1_000;
const PURGE_AT_ONCE = 500;
const contractOf = (id: InteractionId) => INTERACTIONS.get(id) ?? ANNOUNCED.get(id);

export async function openStore(config: Config, telemetry: Telemetry): Promise<Store> {
  if (config.store === 'postgres') {
    const { openPostgresStore } = await import('./store/postgres/open.ts');
    return openPostgresStore({
      url: config.postgresUrl ?? '',
      log: { warn: (details: object, what: string) => telemetry.trouble(what, details) },
    });
  }
  const { openSqliteStore } = await import('./store/sqlite/open.ts');
  return openSqliteStore({ folder: join(config.dataFolder, 'store') });
}

async function openBroker(config: Config, telemetry: Telemetry): Promise<Broker> {
  if (config.broker === 'embedded') return createEmbeddedBroker();
  const { createRabbitBroker } = await import('./broker/rabbitmq/dispatcher.ts');
  return createRabbitBroker({
    url: config.rabbitmqUrl ?? '',
    onTrouble: (what, error) => telemetry.trouble(what, error),
  });
}

async function openSharedMemory(config: Config, store: Store, clock: Clock): Promise<SharedMemory> {
  if (config.sharedMemory === 'process') return createSharedMemory({ clock });
  const { createRedisSharedMemory } = await import('./store/redis/shared-memory.ts');
  const startsEmpty = (await store.auditLines({ after: 0, limit: 1 })).length === 0;
  return createRedisSharedMemory({ url: config.redisUrl ?? '', startsEmpty });
}

/** Whose tokens of persons are believed: the configured issuers, or the development issuer of the data folder. */
async function openTokens(config: Config, clock: Clock): Promise<TokenVerifier> {
  if (config.tokenIssuersFile !== undefined) {
    const issuers = JSON.parse(await readFile(config.tokenIssuersFile, 'utf8')) as Issuer[];
    return createTokenVerifier({ issuers, clock });
  }
  const { issuer, jwks, algorithms } = await openDevelopmentIssuer(join(config.dataFolder, 'issuer'), { clock });
  return createTokenVerifier({ issuers: [{ issuer, jwks, algorithms, audience: config.partyKey }], clock });
}

/** Facts leave the store for the lake, without identity, in a process of their own. */
async function openTap(config: Config, store: Store, clock: Clock, telemetry: Telemetry) {
  if (config.lake === 'off') return undefined;
  const folder = join(config.dataFolder, 'lake');
  const lake = openLakeProcess({ folder });
  const pseudonymise = createPseudonymiser(openRootKey(join(config.dataFolder, 'keys', 'lake.key')), 'operations');
  const tap = createTap({
    store,
    lake,
    pseudonymise,
    clock,
    batch_facts: config.lakeBatch,
    interval_ms: config.lakeEvery_s * 1_000,
    onProblem: (problem) => telemetry.trouble('facts that did not reach the lake', problem),
  });
  return { lake, tap };
}

/** Forgets what every contract allows to be forgotten. */
function retain(config: Config, store: Store, clock: Clock, telemetry: Telemetry): () => void {
  let cancel: () => void;
  const purge = async (): Promise<void> => {
    try {
      const decidedBefore = clock.now() - config.keepMessages_days * 24 * 60 * 60 * 1_000;
      while ((await store.purge({ decidedBefore, limit: PURGE_AT_ONCE })) === PURGE_AT_ONCE);
    } catch (thrown) {
      telemetry.trouble('messages that could not be forgotten', thrown);
    }
    cancel = clock.timer(PURGE_EVERY_ms, () => void purge());
  };
  cancel = clock.timer(PURGE_EVERY_ms, () => void purge());
  return () => cancel();
}

/** The development authority's revocation list lasts for days: it is written anew long before it ends. */
function refreshList(authority: Authority, clock: Clock, telemetry: Telemetry): () => void {
  let cancel: () => void;
  const refresh = async (): Promise<void> => {
    await authority
      .refreshCrl()
      .catch((thrown) => telemetry.trouble('a revocation list that could not be written', thrown));
    cancel = clock.timer(REFRESH_LIST_EVERY_ms, () => void refresh());
  };
  cancel = clock.timer(REFRESH_LIST_EVERY_ms, () => void refresh());
  return () => cancel();
}

/** Listens, and gives the port: the one asked for, or a free one for 0. */
function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

export interface HubOptions {
  /** Instead of the configured one: for measuring what the doors do alone. */
  readonly broker?: Broker;
}

export async function startHub(config: Config, options: HubOptions = {}): Promise<Hub> {
  const clock = systemClock;
  const tracer = await startTraces({ url: config.traceUrl, version: VERSION, clock });
  const told = createTelemetry({
    level: config.logLevel,
    version: VERSION,
    ...(config.logFile !== undefined && { destination: config.logFile }),
    ...(tracer && { tracer }),
  });
  const { telemetry, log } = told;
  log.info({ settings: describeConfig(config) }, 'starting');
  await mkdir(join(config.dataFolder, 'keys'), { recursive: true, mode: 0o700 });

  const store = await openStore(config, telemetry);
  const broker = options.broker ?? (await openBroker(config, telemetry));
  const shared = await openSharedMemory(config, store, clock);
  const directory = await createDirectory({
    records: store.records,
    interactions: contractOf,
    clock,
    refreshEvery_ms: 1_000,
  });
  const catalogue = createCatalogue({
    xsdFolder: join(import.meta.dirname, 'schemas'),
    ...(config.officialSchemaFolder !== undefined && { officialXsdFolder: config.officialSchemaFolder }),
    limits: { ...DOCUMENT_LIMITS, bytes: config.mostBody_bytes },
  });
  catalogue.prepare(['xml:ebxml/envelope', ...new Set([...INTERACTIONS.values()].map(({ schema }) => schema))]);

  const authority = await openAuthority(join(config.dataFolder, 'authority'), { clock });
  const names = {
    dnsNames: config.hostNames.filter((name) => !/^[\d.:]+$/.test(name)),
    ipAddresses: config.hostNames.filter((name) => /^[\d.:]+$/.test(name)),
  };
  const issued = await authority.issueClient({
    commonName: 'Vertebra hub',
    key: { generate: 'ec-p256' },
    endpoint: names,
  });
  const material =
    config.serverCertificateFile !== undefined && config.serverKeyFile !== undefined
      ? {
          cert: await readFile(config.serverCertificateFile, 'utf8'),
          key: await readFile(config.serverKeyFile, 'utf8'),
        }
      : { cert: issued.certificatePem, key: issued.keyPem };
  const ca = [
    config.clientAuthorityFile === undefined
      ? authority.certificatePem
      : await readFile(config.clientAuthorityFile, 'utf8'),
  ];
  const revocation = await openRevocation({
    paths: config.clientAuthorityFile === undefined ? [authority.crlPath] : config.revocationFiles,
    authorities: ca,
    clock,
    interval_ms: config.revocationReload_s * 1_000,
  });

  const transport = createPush({
    hub: { partyKey: config.partyKey, cpaId: config.cpaId },
    directory,
    tls: { ...material, ca },
  });
  const path = createMessagePath({
    store,
    broker,
    directory,
    clock,
    transport,
    telemetry,
    interactions: INTERACTIONS,
    readDocument: catalogue.read,
    owner: randomUUID(),
    limits: {
      ...DEFAULT_LIMITS,
      mostUndecided: config.mostUndecided,
      mostUndelivered: config.mostUndelivered,
      mostMemory_bytes: config.mostMemory_MB * 1_000_000,
      leastDisk_bytes: config.leastDisk_MB * 1_000_000,
    },
    folder: config.dataFolder,
  });

  const tokens = await openTokens(config, clock);
  const refusals = createRefusalAudit({ audit: (events) => store.audit({}, clock.now(), events), clock, telemetry });
  const heads = await openHeads({
    folder: join(config.dataFolder, 'audit'),
    store,
    clock,
    every_ms: config.auditHeadEvery_s * 1_000,
    onTrouble: (what, cause) => telemetry.trouble(what, cause),
  });
  const piped = await openTap(config, store, clock, telemetry);
  const stopRefreshing = refreshList(authority, clock, telemetry);
  const stopRetaining = retain(config, store, clock, telemetry);

  const door = createDoor({
    material: { ...material, ca },
    revocation,
    limits: {
      ...DEFAULT_DOOR_LIMITS,
      connections: config.connections,
      connectionsPerAddress: config.connectionsPerAddress,
      handshake_ms: config.handshake_ms,
      headers_ms: config.headers_ms,
      request_ms: config.request_ms,
      keepAlive_ms: config.keepAlive_ms,
    },
    report: refusals.report,
    handle: createMessageHandler({
      path,
      checker: catalogue,
      mailbox: mailboxOf(store, clock, telemetry),
      directory,
      interactions: INTERACTIONS,
      clock,
      telemetry,
      hub: { partyKey: config.partyKey, cpaId: config.cpaId },
      about: { at: clock.now(), software: { name: 'Vertebra', version: VERSION } },
      mostBody_bytes: config.mostBody_bytes,
      answerWithin_ms: config.answerWithin_ms,
      authorise: requireMaySend,
      person: async (authorization, certificateThumbprint, sessionRoleId) =>
        authorization === undefined
          ? undefined
          : tokens.verify(authorization, { certificateThumbprint, sessionRoleId }),
      pace: createPace(shared, createSharedMemory({ clock }), config.messagesPerSystem_perSecond),
      audit: (actor, events) => store.audit(actor, clock.now(), events),
    }),
  });

  told.watch({
    backlog: () => path.gate.backlog,
    circuits: () => path.deliverer.circuits(),
    connections: () => door.connections(),
    systems: () => directory.size,
  });
  const looks = looksOf({ store, broker, gate: path.gate, revocation, sharedMemory: shared });
  const operations = createOperationsServer({ registry: told.registry, looks });
  await path.start();
  piped?.tap.start();
  const messagePort = await listen(door.server, config.messagePort, config.messageHost);
  const operationsPort = await listen(operations, config.operationsPort, config.operationsHost);

  return {
    config,
    store,
    path,
    messageUrl: `https://${config.messageHost}:${messagePort}`,
    operationsUrl: `http://${config.operationsHost}:${operationsPort}`,
    async stop() {
      await door.close(config.stopWithin_ms);
      await path.stop(config.stopWithin_ms);
      await transport.close();
      stopRefreshing();
      stopRetaining();
      await refusals.stop();
      await heads.stop();
      await piped?.tap.flush().catch((thrown: unknown) => telemetry.trouble('facts left for the next start', thrown));
      await piped?.tap.stop();
      await piped?.lake.close();
      directory.close();
      revocation.close();
      await shared.close();
      await store.close();
      operations.closeAllConnections();
      operations.close();
      log.info('stopped');
      await tracer?.stop();
      await told.close();
    },
  };
}
