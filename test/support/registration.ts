/** The example systems of the tests: their certificates, their doors, and their registration in the directory. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { adapters, interactionsOf } from '../../adapters/registry.ts';
import { type Authority, type Issued, openAuthority } from '../../certs/authority.ts';
import type { Config } from '../../config.ts';
import { systemClock } from '../../core/clock.ts';
import type { Contract } from '../../core/contract.ts';
import type { Decision } from '../../core/decision.ts';
import type { Endpoint } from '../../core/directory.ts';
import type { InteractionId } from '../../core/identifiers.ts';
import type { SystemKind } from '../../core/party.ts';
import type { Store } from '../../core/store.ts';
import { type ChangeParts, registerOrganisation, registerSystem } from '../../directory/changes.ts';
import type { SystemInput } from '../../directory/input.ts';
import type { Identity } from '../../examples/connected-system.ts';
import { openReceiver, type TestReceiver } from './receiver.ts';

export const ACKNOWLEDGEMENT: InteractionId = 'urn:nhs:names:services:mm:MCCI_IN010000UK13';

/** What a test may say of a system; what it leaves out is as the system's kind needs it. */
export interface SystemPlan {
  readonly ods: string;
  readonly kind: SystemKind;
  readonly name: string;
  /** The protocol of its own door; without one it takes its messages from its mailbox. */
  readonly wire?: Endpoint['wire'];
  readonly timeout_ms?: number;
  readonly sends?: readonly InteractionId[];
  readonly contracts?: Readonly<Record<InteractionId, Partial<Contract>>>;
}

export const EXAMPLE_SYSTEMS = {
  surgery: { ods: 'A83008', kind: 'general-practice', name: 'Example Surgery', wire: 'ebxml' },
  /** A practice without a door of its own. */
  village: { ods: 'B82001', kind: 'general-practice', name: 'Village Surgery' },
  pharmacy: { ods: 'FA565', kind: 'pharmacy', name: 'Example Pharmacy' },
  emergency: { ods: 'RXX01', kind: 'emergency-department', name: 'Example Emergency Department' },
  outpatients: { ods: 'RYY01', kind: 'outpatient-booking', name: 'Example Outpatients', wire: 'fhir' },
  authority: { ods: '301', kind: 'local-authority', name: 'Exampleshire Council', wire: 'xml' },
  trust: { ods: 'RZZ01', kind: 'data-collecting-trust', name: 'Example Trust' },
} as const satisfies Record<string, SystemPlan>;
export type ExampleName = keyof typeof EXAMPLE_SYSTEMS;

export interface PreparedSystem {
  readonly input: SystemInput;
  readonly issued: Issued;
  readonly identity: Identity;
  readonly receiver: TestReceiver | undefined;
}

const INTERACTIONS = interactionsOf(adapters);
const ANNOUNCEMENTS = adapters.flatMap(({ announcements }) => announcements);
const KNOWN = new Set([...INTERACTIONS.keys(), ...ANNOUNCEMENTS.map(({ id }) => id)]);

const sendsOf = (kind: SystemKind): InteractionId[] =>
  [...INTERACTIONS.values()].filter(({ senders }) => senders.kinds.includes(kind)).map(({ id }) => id);

/** A certificate of the hub's own authority, good for calling and for a door of one's own on this machine. */
export async function certify(authority: Authority, name: string): Promise<{ issued: Issued; identity: Identity }> {
  const issued = await authority.issueClient({
    commonName: name,
    key: { generate: 'ec-p256' },
    endpoint: { ipAddresses: ['127.0.0.1'] },
  });
  return {
    issued,
    identity: {
      certificatePem: issued.certificatePem,
      keyPem: issued.keyPem,
      authorityPem: authority.certificatePem,
    },
  };
}

export const authorityOf = (config: Config): Promise<Authority> =>
  openAuthority(join(config.dataFolder, 'authority'), { clock: systemClock });

/** Issues certificates and opens doors, in the order of the plans: the first system is 200000000001. */
export async function prepareSystems<Name extends string>(
  authority: Authority,
  plans: Readonly<Record<Name, SystemPlan>>,
): Promise<Record<Name, PreparedSystem>> {
  const prepared: Record<string, PreparedSystem> = {};
  let number = 0;
  for (const [name, plan] of Object.entries<SystemPlan>(plans)) {
    number++;
    const { issued, identity } = await certify(authority, plan.name);
    const receiver = plan.wire === undefined ? undefined : await openReceiver(identity);
    prepared[name] = {
      issued,
      identity,
      receiver,
      input: {
        systemId: `2000000${String(number).padStart(5, '0')}`,
        partyKey: `${plan.ods}-82${String(number).padStart(4, '0')}`,
        ods: plan.ods,
        kind: plan.kind,
        name: plan.name,
        sends: plan.sends ?? sendsOf(plan.kind),
        receives: ANNOUNCEMENTS.map(({ id }) => id),
        certificates: [issued.fingerprint256],
        ...(receiver &&
          plan.wire && { endpoint: { url: receiver.url, wire: plan.wire, timeout_ms: plan.timeout_ms ?? 2_000 } }),
        ...(plan.contracts && { contracts: plan.contracts }),
      },
    };
  }
  return prepared as Record<Name, PreparedSystem>;
}

type Change = (parts: ChangeParts, input: unknown) => Promise<Decision>;

/** Makes a change of the directory as an operator would. Throws where it is refused. */
export async function changeDirectory(store: Store, change: Change, input: unknown): Promise<void> {
  await commitDecision(store, await change({ records: store.records, knows: (id) => KNOWN.has(id) }, input));
}

/** Commits what an operator decided: for changes of the directory, and for records that a story begins with. */
export async function commitDecision(store: Store, decision: Decision): Promise<void> {
  if (decision.answer.kind === 'refused') throw new Error(`${decision.answer.code}: ${decision.answer.text}`);
  const messageId = randomUUID().toUpperCase();
  const at = Date.now();
  const committed = await store.commit({
    cause: {
      messageId,
      sender: {
        systemId: '000000000000',
        partyKey: 'YES-0000806',
        ods: 'HUB',
        kind: 'national-service',
        name: 'operator',
        sends: new Set(),
      },
      interaction: 'hub:administration',
      wire: 'hub',
      conversationId: messageId,
      parameters: {},
      receivedAt: at,
      contentType: '',
      digest: messageId,
    },
    body: new Uint8Array(),
    decision,
    deliveries: [],
    at,
  });
  if (committed.kind !== 'committed') throw new Error(`the change of the directory was ${committed.kind}`);
}

export async function registerAll(store: Store, systems: readonly PreparedSystem[]): Promise<void> {
  for (const ods of new Set(systems.map(({ input }) => input.ods))) {
    await changeDirectory(store, registerOrganisation, { ods, name: `Organisation ${ods}`, active: true });
  }
  for (const { input } of systems) await changeDirectory(store, registerSystem, input);
}
