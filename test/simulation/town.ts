/** The connected systems of one history, and the directory that knows them. */
import { adapters, interactionsOf } from '../../adapters/registry.ts';
import { type Contract, DEFAULT_CONTRACT } from '../../core/contract.ts';
import type { ConnectedSystem, DirectoryReader } from '../../core/directory.ts';
import type { InteractionId } from '../../core/identifiers.ts';
import type { Interaction } from '../../core/interaction.ts';
import type { SystemKind } from '../../core/party.ts';
import { DirectoryTables } from '../../directory/tables.ts';
import type { Random } from './random.ts';

export const ACKNOWLEDGEMENT: InteractionId = 'urn:nhs:names:services:mm:MCCI_IN010000UK13';
export const ACCESS_NOTIFICATION: InteractionId = 'urn:nhs-itk:interaction:CP-ISAccessToServiceNotification-v1-0';
/** The number under which systems know the hub. */
export const HUB = '200000001285';

/** A message that passes its form and that its rules then fail on: it must not stop the others. */
export const POISON: Interaction = {
  id: 'urn:nhs:names:services:mm:SIMULATED_POISON',
  title: 'A message that the rules fail on',
  exchange: 'command',
  addresses: [],
  schema: 'none',
  senders: { kinds: ['general-practice'], person: 'none' },
  read: () => undefined,
  decide: () => Promise.reject(new TypeError('the simulated rule fails')),
};

export const INTERACTIONS: ReadonlyMap<InteractionId, Interaction> = new Map([
  ...interactionsOf(adapters),
  [POISON.id, POISON],
]);
const ANNOUNCED = new Map(adapters.flatMap(({ announcements }) => announcements.map((one) => [one.id, one] as const)));

export interface Town {
  readonly surgeries: readonly ConnectedSystem[];
  readonly pharmacies: readonly ConnectedSystem[];
  readonly authorities: readonly ConnectedSystem[];
  readonly emergency: ConnectedSystem;
  readonly all: readonly ConnectedSystem[];
  readonly directory: DirectoryReader;
}

export function drawTown(random: Random): Town {
  let number = 0;
  const draw = (kind: SystemKind, ods: string, receives: InteractionId): ConnectedSystem => {
    const systemId = `2000000000${String(++number).padStart(2, '0')}`;
    const collects = random.chance(0.2);
    return {
      systemId,
      partyKey: `${ods}-8200${String(number).padStart(2, '0')}`,
      ods,
      kind,
      name: `${kind} ${ods}`,
      status: 'active',
      sends: [...INTERACTIONS.keys()],
      receives: [receives],
      ...(!collects && {
        endpoint: {
          url: `https://${ods}.example/`,
          wire: 'ebxml',
          timeout_ms: random.pick([2_000, 5_000, 9_000, 40_000]),
        },
      }),
      certificates: [],
      ...(random.chance(0.6) && { contracts: { [receives]: drawContract(random) } }),
    };
  };
  const list = (count: number, one: (index: number) => ConnectedSystem) =>
    Array.from({ length: count }, (_, i) => one(i));
  const surgeries = list(random.between(1, 3), (i) => draw('general-practice', `A8300${i}`, ACKNOWLEDGEMENT));
  const pharmacies = list(2, (i) => draw('pharmacy', `FA56${i}`, 'nothing'));
  const authorities = list(random.between(1, 2), (i) => draw('local-authority', `30${i}`, ACCESS_NOTIFICATION));
  const emergency = draw('emergency-department', 'RXX01', 'nothing');
  const all = [...surgeries, ...pharmacies, ...authorities, emergency];
  return { surgeries, pharmacies, authorities, emergency, all, directory: directoryOf(all) };
}

const drawContract = (random: Random): Partial<Contract> => ({
  retries: random.pick([2, 8, 30]),
  retryInterval_ms: random.pick([200, 1_000, 3_000]),
  backoff: random.pick([1, 1.5, 2]),
  persistDuration_ms: random.pick([30_000, 600_000, 14_400_000]),
  order: random.pick(['none', 'receiver', 'receiver'] as const),
});

function directoryOf(systems: readonly ConnectedSystem[]): DirectoryReader {
  const tables = new DirectoryTables();
  for (const system of systems) {
    tables.putOrganisation({ ods: system.ods, name: system.name, active: true });
    tables.putSystem(system);
  }
  return {
    system: (systemId) => tables.system(systemId),
    systemByCertificate: (fingerprint) => tables.systemByCertificate(fingerprint),
    systemByPartyKey: (partyKey) => tables.systemByPartyKey(partyKey),
    organisation: (ods) => tables.organisation(ods),
    receiver: (ods, interaction) => tables.receiver(ods, interaction),
    party: (systemId) => tables.party(systemId),
    contract: (systemId, interaction) => ({
      ...DEFAULT_CONTRACT,
      ...(INTERACTIONS.get(interaction) ?? ANNOUNCED.get(interaction))?.contract,
      ...tables.system(systemId)?.contracts?.[interaction],
    }),
  };
}
