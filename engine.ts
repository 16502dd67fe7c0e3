/** An engine: one thread's worth of hub, from its door to its deliveries. A hub runs one, or one a core. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, isIP, type Server } from 'node:net';
import { DEFAULT_LIMITS } from './broker/parts.ts';
import { createMessagePath, type MessagePath } from './broker/path.ts';
import type { Authority } from './certs/authority.ts';
import { createDoor, type Door } from './certs/door.ts';
import { DEFAULT_DOOR_LIMITS } from './certs/door-limits.ts';
import { openRevocation, type Revocation } from './certs/revocation.ts';
import type { Config } from './config.ts';
import type { Broker } from './core/broker.ts';
import type { Clock } from './core/clock.ts';
import type { SharedMemory } from './core/shared-memory.ts';
import type { Store } from './core/store.ts';
import type { Telemetry } from './core/telemetry.ts';
import type { Directory } from './directory/reader.ts';
import { requireMaySend } from './directory/rights.ts';
import { createManagement, openDirectory } from './management.ts';
import { INTERACTIONS, openBroker, openCatalogue, openSharedMemory, openTokens, VERSION } from './plugs.ts';
import { createRenewal, RENEWAL_PATH } from './routes/admin/renewal.ts';
import { createPace } from './routes/guards/pace.ts';
import { createRefusalAudit } from './routes/guards/refusals.ts';
import { mailboxOf } from './routes/mailbox/mailbox.ts';
import { createMessageHandler, type MessageHandler } from './routes/message-door.ts';
import { createPush } from './routes/push.ts';
import { createSharedMemory } from './store/memory/shared-memory.ts';

/** What a door shows and believes: made once, given to every engine. All PEM, lists as files. */
export interface Credentials {
  readonly key: string;
  readonly cert: string;
  readonly ca: readonly string[];
  readonly revocationFiles: readonly string[];
}

export interface EngineParts {
  readonly config: Config;
  readonly store: Store;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly credentials: Credentials;
  readonly authority: Authority;
  /** Engines of this hub that share its connections. */
  readonly engines: number;
  /** Messages are accepted and left: for measuring what the doors do alone. */
  readonly acceptOnly?: boolean;
}

export interface Engine {
  readonly path: MessagePath;
  readonly door: Door;
  readonly directory: Directory;
  readonly revocation: Revocation;
  readonly broker: Broker;
  readonly shared: SharedMemory;
  /** Starts the path and listens; gives the port. */
  start(port: number): Promise<number>;
  stop(): Promise<void>;
}

export async function createEngine(parts: EngineParts): Promise<Engine> {
  const { config, store, clock, telemetry, credentials, engines } = parts;
  const opened = await openBroker(config, telemetry);
  const broker = parts.acceptOnly ? { ...opened, depth: 0, dispatch: () => undefined } : opened;
  const shared = await openSharedMemory(config, store, clock);
  const tokens = await openTokens(config, clock);
  const catalogue = openCatalogue(config);
  const directory = await openDirectory(store, clock, telemetry);
  const revocation = await openRevocation({
    paths: credentials.revocationFiles,
    authorities: credentials.ca,
    clock,
    interval_ms: config.revocationReload_s * 1_000,
  });
  const hub = { partyKey: config.partyKey, cpaId: config.cpaId };
  const transport = createPush({ hub, directory, tls: credentials });
  const path = createMessagePath({
    ...{ store, broker, directory, clock, transport, telemetry, interactions: INTERACTIONS },
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

  const refusals = createRefusalAudit({ audit: (events) => store.audit({}, clock.now(), events), clock, telemetry });
  const door = createDoor({
    material: credentials,
    revocation,
    report: refusals.report,
    limits: {
      ...DEFAULT_DOOR_LIMITS,
      connections: config.connections,
      connectionsPerAddress: config.connectionsPerAddress,
      handshake_ms: config.handshake_ms,
      headers_ms: config.headers_ms,
      request_ms: config.request_ms,
      keepAlive_ms: config.keepAlive_ms,
    },
    handle: withRenewal(
      parts,
      directory,
      shared,
      createMessageHandler({
        ...{ path, directory, clock, telemetry, hub, interactions: INTERACTIONS },
        checker: catalogue,
        mailbox: mailboxOf(store, clock, telemetry),
        about: { at: clock.now(), software: { name: 'Vertebra', version: VERSION } },
        mostBody_bytes: config.mostBody_bytes,
        answerWithin_ms: config.answerWithin_ms,
        authorise: requireMaySend,
        person: async (authorization, certificateThumbprint, sessionRoleId) =>
          authorization === undefined
            ? undefined
            : tokens.verify(authorization, { certificateThumbprint, sessionRoleId }),
        pace: createPace(shared, createSharedMemory({ clock }), config.messagesPerSystem_perSecond / engines),
        audit: (actor, events) => store.audit(actor, clock.now(), events),
      }),
    ),
  });

  return {
    ...{ path, door, directory, revocation, broker, shared },
    async start(port) {
      await path.start();
      return listen(door.server, { port, host: config.messageHost, reusePort: engines > 1 });
    },
    async stop() {
      await door.close(config.stopWithin_ms);
      await path.stop(config.stopWithin_ms);
      await transport.close();
      await refusals.stop();
      directory.close();
      revocation.close();
      await shared.close();
      catalogue.dispose();
    },
  };
}

/** A system renews its certificate where it uses it; every other path is a message's. */
function withRenewal(
  { config, store, clock, telemetry, authority }: EngineParts,
  directory: Directory,
  attempts: SharedMemory,
  handle: MessageHandler,
): MessageHandler {
  const { enrolment } = createManagement({ config, store, directory, authority, clock });
  if (enrolment === undefined) return handle;
  const renew = createRenewal({ enrolment, attempts, telemetry });
  return (request, response, peer) =>
    request.url === RENEWAL_PATH ? renew(request, response, peer) : handle(request, response, peer);
}

/** Listens, and gives the port: the one asked for, or a free one for 0. */
export function listen(server: Server, options: { port: number; host: string; reusePort?: boolean }): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options, () => resolve((server.address() as AddressInfo).port));
  });
}

/** The hub's own certificate and whom it believes: as configured, or of the development authority. */
export async function openCredentials(config: Config, authority: Authority): Promise<Credentials> {
  const { serverCertificateFile, serverKeyFile, clientAuthorityFile } = config;
  const own =
    serverCertificateFile !== undefined && serverKeyFile !== undefined
      ? { cert: await readFile(serverCertificateFile, 'utf8'), key: await readFile(serverKeyFile, 'utf8') }
      : await issueOwn(config, authority);
  return clientAuthorityFile === undefined
    ? { ...own, ca: [authority.certificatePem], revocationFiles: [authority.crlPath] }
    : { ...own, ca: [await readFile(clientAuthorityFile, 'utf8')], revocationFiles: config.revocationFiles };
}

async function issueOwn({ hostNames }: Config, authority: Authority): Promise<{ cert: string; key: string }> {
  const isAddress = (name: string): boolean => isIP(name) !== 0;
  const endpoint = {
    dnsNames: hostNames.filter((name) => !isAddress(name)),
    ipAddresses: hostNames.filter(isAddress),
  };
  const issued = await authority.issueClient({ commonName: 'Vertebra hub', key: { generate: 'ec-p256' }, endpoint });
  return { cert: issued.certificatePem, key: issued.keyPem };
}
