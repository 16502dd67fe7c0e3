/** A whole hub for tests, in this process, with example systems registered: `startTestHub({ stack: 'embedded' })`. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Authority } from '../../certs/authority.ts';
import type { Config } from '../../config.ts';
import type { AuditLine } from '../../core/audit-chain.ts';
import { systemClock } from '../../core/clock.ts';
import type { Store, Track } from '../../core/store.ts';
import { silentTelemetry } from '../../core/telemetry.ts';
import { createSystemClient, type SystemClient } from '../../examples/connected-system.ts';
import { type Hub, startHub } from '../../hub.ts';
import { openDevelopmentIssuer } from '../../identity/development-issuer.ts';
import { openStore } from '../../plugs.ts';
import { eventually } from './eventually.ts';
import type { TestReceiver } from './receiver.ts';
import {
  authorityOf,
  EXAMPLE_SYSTEMS,
  type ExampleName,
  type PreparedSystem,
  prepareSystems,
  registerAll,
  type SystemPlan,
} from './registration.ts';
import { freshConfig, type Stack, type StackServices } from './stacks.ts';

export interface TestSystem extends PreparedSystem {
  readonly systemId: string;
  readonly partyKey: string;
  readonly ods: string;
  readonly client: SystemClient;
  /** Its own door. Throws for a system that has none. */
  readonly door: TestReceiver;
}

export interface TokenOptions {
  readonly userId?: string;
  readonly role?: string;
  readonly roleId?: string;
  /** The organisation of the role; the system's own otherwise. */
  readonly ods?: string;
}

export interface TestHub<Name extends string = ExampleName> {
  readonly stack: Stack;
  readonly config: Config;
  /** The hub that runs now; another one after `restart`. */
  readonly hub: Hub;
  readonly url: string;
  readonly store: Store;
  readonly authority: Authority;
  readonly systems: Readonly<Record<Name, TestSystem>>;
  /** A token of a person in a role with these activities, bound to the system's certificate. */
  token(system: TestSystem, activities: readonly string[], options?: TokenOptions): Promise<string>;
  /** The one message with this id, as the store knows it. */
  track(messageId: string): Promise<Track>;
  /** Waits until the message is decided and all its deliveries are as they should be. */
  settled(messageId: string, stage?: 'acknowledged' | 'dead' | 'waiting', within_ms?: number): Promise<Track>;
  /** Audit lines after this one, in order. */
  audit(after?: number): Promise<AuditLine[]>;
  /** Stops the hub in order; its folder, its services and the doors of the systems stay. */
  halt(): Promise<void>;
  /** Starts it again, on the same port. */
  start(): Promise<void>;
  /** `halt`, then `start`. */
  restart(): Promise<void>;
  /** The end: everything stopped, the folder gone. */
  stop(): Promise<void>;
}

async function leave(config: Config, systems: readonly PreparedSystem[]): Promise<void> {
  await Promise.all(systems.map(({ receiver }) => receiver?.close()));
  await rm(config.dataFolder, { recursive: true, force: true });
}

/** What is other than in the example systems, and whole plans for systems beside them. */
export type Plans<Name extends string> = Readonly<Record<Name, Partial<SystemPlan>>>;

export interface TestHubOptions extends Partial<Config> {
  readonly stack: Stack;
}

/** The example systems, some of them with other contracts or times, and others beside them. */
export async function startTestHub<Extra extends string = never>(
  { stack, ...overrides }: TestHubOptions,
  plans?: Plans<Extra>,
  services?: StackServices,
): Promise<TestHub<ExampleName | Extra>> {
  const config = await freshConfig(stack, overrides, services);
  const authority = await authorityOf(config);
  const prepared = await prepareSystems(authority, mergePlans(plans));
  const all: readonly PreparedSystem[] = Object.values(prepared);
  await registerBefore(config, all);

  let hub = await startHub(config).catch(async (thrown: unknown) => {
    await leave(config, all);
    throw thrown;
  });
  const issuer = await openDevelopmentIssuer(join(config.dataFolder, 'issuer'), { clock: systemClock });
  let systems = connected(prepared, hub.messageUrl);

  let running = true;
  const { port } = new URL(hub.messageUrl);

  async function halt(): Promise<void> {
    if (!running) return;
    running = false;
    await hub.stop();
    await Promise.all(Object.values<TestSystem>(systems).map(({ client }) => client.close()));
  }

  async function start(): Promise<void> {
    hub = await startHub({ ...config, messagePort: Number(port) });
    systems = connected(prepared, hub.messageUrl);
    running = true;
  }

  return {
    stack,
    config,
    authority,
    get hub() {
      return hub;
    },
    get url() {
      return hub.messageUrl;
    },
    get store() {
      return hub.store;
    },
    get systems() {
      return systems;
    },
    token: (system, activities, options = {}) =>
      issuer.issueToken({
        userId: options.userId ?? '555254239107',
        roles: [
          {
            roleId: options.roleId ?? '555254240100',
            role: options.role ?? 'S8000:G8000:R8000',
            ods: options.ods ?? system.ods,
            activities,
          },
        ],
        audience: config.partyKey,
        certificateFingerprint: system.issued.fingerprint256,
      }),
    track: (messageId) => trackOf(hub.store, messageId),
    settled: (messageId, stage = 'acknowledged', within_ms = 10_000) =>
      eventually(
        `message decided and its deliveries ${stage}`,
        async () => {
          const [track] = await hub.store.track(messageId);
          const there = track?.stage === 'decided' && track.deliveries.length > 0;
          return there && track.deliveries.every((delivery) => delivery.stage === stage) ? track : undefined;
        },
        within_ms,
      ),
    audit: (after = 0) => auditOf(hub.store, after),
    halt,
    start,
    async restart() {
      await halt();
      await start();
    },
    async stop() {
      await halt();
      await leave(config, all);
    },
  };
}

export function mergePlans<Extra extends string>(
  plans: Plans<Extra> | undefined,
): Readonly<Record<ExampleName | Extra, SystemPlan>> {
  const known: Readonly<Record<string, SystemPlan>> = EXAMPLE_SYSTEMS;
  const given: Readonly<Record<string, Partial<SystemPlan>>> = plans ?? {};
  const names = new Set([...Object.keys(known), ...Object.keys(given)]);
  const merged = [...names].map((name) => {
    const { ods, kind, name: title, ...more } = { ...known[name], ...given[name] };
    if (ods === undefined || kind === undefined || title === undefined)
      throw new Error(`${name} is no example system: say its organisation, kind and name`);
    return [name, { ...more, ods, kind, name: title } satisfies SystemPlan] as const;
  });
  return Object.fromEntries(merged) as Record<ExampleName | Extra, SystemPlan>;
}

/** Before the hub runs, so that its directory knows them from its first moment. */
export async function registerBefore(config: Config, systems: readonly PreparedSystem[]): Promise<void> {
  const store = await openStore(config, silentTelemetry);
  try {
    await registerAll(store, systems);
  } finally {
    await store.close();
  }
}

export function connected<Name extends string>(
  prepared: Readonly<Record<Name, PreparedSystem>>,
  url: string,
  connections?: number,
): Record<Name, TestSystem> {
  const made = Object.entries<PreparedSystem>(prepared).map(([name, system]) => {
    const { input, identity, receiver } = system;
    const whole: TestSystem = {
      ...system,
      systemId: input.systemId,
      partyKey: input.partyKey,
      ods: input.ods,
      client: createSystemClient(url, identity, connections),
      get door() {
        if (receiver === undefined) throw new Error(`${name} has no door`);
        return receiver;
      },
    };
    return [name, whole];
  });
  return Object.fromEntries(made) as Record<Name, TestSystem>;
}

export async function trackOf(store: Store, messageId: string): Promise<Track> {
  const tracks = await store.track(messageId);
  const [track] = tracks;
  if (track === undefined || tracks.length > 1) throw new Error(`${tracks.length} messages with this id`);
  return track;
}

export async function auditOf(store: Store, after: number): Promise<AuditLine[]> {
  const lines: AuditLine[] = [];
  for (;;) {
    const page = await store.auditLines({ after: lines.at(-1)?.seq ?? after, limit: 1_000 });
    lines.push(...page);
    if (page.length < 1_000) return lines;
  }
}
