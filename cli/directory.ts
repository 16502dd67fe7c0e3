/** Who is connected: organisations and systems, from the command line. */
import { type Command, Option } from 'commander';
import { adapters, interactionsOf } from '../adapters/registry.ts';
import type { ConnectedSystem } from '../core/directory.ts';
import { SYSTEM_KINDS, type SystemKind } from '../core/party.ts';
import type { GivenInvitation, SystemStepInput } from '../routes/admin/operations.ts';
import { type Context, finish, listed, readNamedFile, type Setup, whole } from './command.ts';
import { UsageError } from './exit.ts';
import { pairs, table, time } from './output.ts';

const kindOption = (): Option => new Option('--kind <kind>', 'what the system is').choices(SYSTEM_KINDS);

export function directoryCommands(program: Command, setup: Setup): void {
  const organisation = program.command('organisation').description('Organisations (ODS).');
  finish<{ ods: string; name: string; inactive?: true }>(
    organisation
      .command('add')
      .description('Register an organisation, or change its name.')
      .requiredOption('--ods <code>', 'organisation code, such as A83008')
      .requiredOption('--name <name>', 'for people')
      .option('--inactive', 'no system of it may be registered'),
    setup,
    ['organisation add --ods A83008 --name "Brook Lane Surgery"'],
    async ({ ask, show }, { ods, name, inactive }) => {
      const made = await ask((hub) => hub.addOrganisation({ ods, name, active: inactive !== true }));
      show(made, pairs({ ...made }));
    },
  );

  const system = program.command('system').description('Connected systems: who they are and what they may.');
  finish<AddOptions>(
    system
      .command('add')
      .description('Register a system and hand out the token that it enrols with, once, within a day.')
      .option('--file <file>', 'all of it as JSON, instead of the options below')
      .option('--system-id <digits>', 'twelve digits')
      .option('--party-key <key>', 'such as A83008-820001')
      .option('--ods <code>', 'the organisation it belongs to')
      .addOption(kindOption())
      .option('--name <name>', 'for people')
      .option('--sends <ids>', 'interactions it may send; may be repeated (default: all that its kind may)', listed)
      .option('--receives <ids>', 'interactions it receives; may be repeated', listed)
      .option('--endpoint <url>', 'where it is pushed to; without one it takes messages from its mailbox')
      .addOption(new Option('--wire <wire>', 'how it is pushed to').choices(['fhir', 'ebxml', 'xml']).default('fhir'))
      .option('--timeout-ms <ms>', 'longest wait for its answer', whole(100, 120_000), 10_000),
    setup,
    [
      'system add --system-id 200000000001 --party-key A83008-820001 --ods A83008 --kind general-practice --name "Brook Lane"',
      'system add --file system.json --json',
    ],
    async ({ ask, show }, options) => {
      const input = await systemInput(options);
      const { system: made, invitation } = await ask((hub) => hub.addSystem(input));
      show({ system: made, invitation }, `${systemText(made)}${invitation ? invitationText(invitation) : ''}`);
    },
  );

  finish<{ ods?: string; kind?: SystemKind; status?: ConnectedSystem['status']; after?: string; limit: number }>(
    system
      .command('list')
      .description('List systems, by id.')
      .option('--ods <code>', 'of one organisation')
      .addOption(kindOption())
      .addOption(new Option('--status <status>', 'in one state').choices(['active', 'suspended', 'revoked']))
      .option('--after <system-id>', 'go on after this one')
      .option('--limit <number>', 'at most so many', whole(1, 1_000), 100),
    setup,
    ['system list', 'system list --kind pharmacy --status active', 'system list --json --limit 1000'],
    async ({ ask, show }, options) => {
      const page = await ask((hub) => hub.systems(options));
      const rows = page.systems.map((one) => [
        one.systemId,
        one.ods,
        one.kind,
        one.status,
        one.certificates.length,
        one.endpoint?.url ?? 'mailbox',
        one.name,
      ]);
      const more = page.next === undefined ? '' : `\nMore: --after ${page.next}\n`;
      show(page, table(['system', 'ods', 'kind', 'status', 'certificates', 'receives at', 'name'], rows) + more);
    },
  );

  finish(
    system.command('show').description('Show a system and its certificates.').argument('<system-id>'),
    setup,
    ['system show 200000000001'],
    async ({ ask, show }, _options, systemId = '') => {
      const { found, certificates } = await ask(async (hub) => ({
        found: await hub.system({ systemId }),
        certificates: await hub.certificates({ systemId }),
      }));
      const rows = certificates.map((one) => [one.fingerprint256, one.serial, time(one.notAfter)]);
      show(
        { ...found, certificates },
        `${systemText(found.system)}\n${table(['certificate', 'serial', 'until'], rows)}`,
      );
    },
  );

  finish(
    system.command('invite').description('Hand out another token to enrol with.').argument('<system-id>'),
    setup,
    ['system invite 200000000001'],
    async ({ ask, show }, _options, systemId = '') => {
      const invitation = await ask((hub) => hub.inviteSystem({ systemId }));
      show(invitation, invitationText(invitation));
    },
  );

  const STEPS = {
    suspend: ['Take nothing more from a system until it is resumed.', 'suspendSystem'],
    resume: ['Let a suspended system speak again.', 'resumeSystem'],
    revoke: ['Revoke a system and all its certificates for good, on open connections too.', 'revokeSystem'],
  } as const;
  for (const [name, [description, operation]] of Object.entries(STEPS))
    finish<{ reason?: string }>(
      system
        .command(name)
        .description(description)
        .argument('<system-id>')
        .option(
          '--reason <text>',
          'for the audit trail; key-compromise and superseded go into the revocation list too',
        ),
      setup,
      [`system ${name} 200000000001 --reason key-compromise`],
      async (context, { reason }, systemId = '') => {
        await step(context, operation, { systemId, ...(reason !== undefined && { reason }) });
      },
    );
}

async function step(
  { ask, show }: Context,
  operation: 'suspendSystem' | 'resumeSystem' | 'revokeSystem',
  input: SystemStepInput,
): Promise<void> {
  const made = await ask((hub) => hub[operation](input));
  show(made, systemText(made));
}

interface AddOptions {
  readonly file?: string;
  readonly systemId?: string;
  readonly partyKey?: string;
  readonly ods?: string;
  readonly kind?: SystemKind;
  readonly name?: string;
  readonly sends?: readonly string[];
  readonly receives?: readonly string[];
  readonly endpoint?: string;
  readonly wire: string;
  readonly timeoutMs: number;
}

async function systemInput(options: AddOptions): Promise<object> {
  if (options.file !== undefined) {
    const text = (await readNamedFile(options.file)).toString('utf8');
    try {
      return JSON.parse(text) as object;
    } catch (cause) {
      throw new UsageError(`${options.file} is not JSON.`, { cause });
    }
  }
  const { systemId, partyKey, ods, kind, name, endpoint, wire, timeoutMs } = options;
  return {
    ...{ systemId, partyKey, ods, kind, name },
    sends: options.sends ?? (kind === undefined ? [] : sentBy(kind)),
    receives: options.receives ?? [],
    ...(endpoint !== undefined && { endpoint: { url: endpoint, wire, timeout_ms: timeoutMs } }),
  };
}

/** What the rules of the adapters let this kind of system send. */
const sentBy = (kind: SystemKind): string[] =>
  [...interactionsOf(adapters).values()].filter(({ senders }) => senders.kinds.includes(kind)).map(({ id }) => id);

const systemText = (system: ConnectedSystem): string =>
  pairs({
    system: system.systemId,
    name: system.name,
    organisation: system.ods,
    kind: system.kind,
    'party key': system.partyKey,
    status: system.status,
    'receives at': system.endpoint === undefined ? 'mailbox' : `${system.endpoint.url} (${system.endpoint.wire})`,
    sends: system.sends.join(', ') || '(nothing)',
    receives: system.receives.join(', ') || '(nothing)',
  });

const invitationText = ({ token, expiresAt, systemId }: GivenInvitation): string =>
  `\n${pairs({ token, until: time(expiresAt) })}
The token is shown this once. On the system's machine:
  vertebra enrol --token ${token} --out ${systemId}
`;
