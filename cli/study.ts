/** The lake, the state of the hub, and tokens to develop with. */

import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import type { Command } from 'commander';
import { normaliseFingerprint } from '../certs/x509.ts';
import { openDevelopmentIssuer } from '../identity/development-issuer.ts';
import { finish, listed, readNamedFile, type Setup, whole } from './command.ts';
import { UsageError } from './exit.ts';
import { pairs, table } from './output.ts';

export function studyCommands(program: Command, setup: Setup): void {
  const lake = program.command('lake').description('The de-identified copy for planning, audit and research.');
  finish(
    lake
      .command('query')
      .description('Ask the lake: one SELECT over the view `facts`. The question goes into the audit trail.')
      .argument('<sql>')
      .addHelpText(
        'after',
        '\nColumns of facts: seq, happened_at, kind, ods, interaction, pseudonym, attributes (JSON).',
      ),
    setup,
    [
      "lake query 'select kind, count(*) from facts group by kind'",
      'lake query "select attributes->>\'plan\', count(*) from facts group by 1" --json',
    ],
    async ({ ask, show, world }, _options, sql = '') => {
      const answer = await ask((hub) => hub.queryLake({ sql }));
      show(answer, table(answer.columns, answer.rows));
      if (answer.truncated) world.err('There are more rows than are shown.\n');
    },
  );

  finish(
    program.command('status').description('What waits, what is shut, and how long the audit trail is.'),
    setup,
    ['status', 'status --json'],
    async ({ ask, show }) => {
      const { backlog, auditLines, closedBecause, circuits } = await ask((hub) => hub.status());
      const text = pairs({
        undecided: backlog.undecided,
        undelivered: backlog.undelivered,
        dead: backlog.dead,
        'facts on their way': backlog.unreadFacts,
        'audit lines': auditLines,
        'closed because': closedBecause,
      });
      const rows = circuits.map(({ receiver, state, waiting }) => [receiver, state, waiting]);
      const shown = rows.length === 0 ? '' : `\n${table(['receiver', 'circuit', 'waiting'], rows)}`;
      show({ backlog, auditLines, closedBecause, circuits }, text + shown);
    },
  );

  const token = program.command('token').description('Tokens of persons.');
  finish<TokenOptions>(
    token
      .command('issue')
      .description('Issue a token by the development issuer of the data folder. Never for production.')
      .requiredOption('--user <id>', 'the person’s identifier')
      .requiredOption('--ods <code>', 'organisation of the role')
      .option('--role <code>', 'code of the role', 'S8000:G8000:R8000')
      .option('--role-id <id>', 'identifier of the role (default: the user’s)')
      .option('--activity <codes>', 'activity codes, such as B0420; may be repeated', listed, [])
      .option('--certificate <file>', 'bind it to the certificate that will carry it, PEM')
      .option('--audience <name>', 'default: the hub’s party key')
      .option('--life-s <seconds>', 'how long it is good', whole(1, 3_600), 600),
    setup,
    [
      'token issue --user 555254239107 --ods A83008 --activity B0420 --certificate brook-lane/system.crt.pem > doctor.token',
    ],
    async ({ config, world, show }, options) => {
      if (config.tokenIssuersFile !== undefined)
        throw new UsageError('HUB_TOKEN_ISSUERS_FILE names the issuers of this hub: it does not believe its own.');
      const issuer = await openDevelopmentIssuer(join(config.dataFolder, 'issuer'), { clock: world.clock });
      const { user, role, ods, activity, audience, certificate, lifeS } = options;
      const issued = await issuer.issueToken({
        userId: user,
        roles: [{ roleId: options.roleId ?? user, role, ods, activities: activity }],
        audience: audience ?? config.partyKey,
        life_s: lifeS,
        ...(certificate !== undefined && { certificateFingerprint: await fingerprintOf(certificate) }),
      });
      show({ token: issued, issuer: issuer.issuer, life_s: lifeS }, `${issued}\n`);
    },
  );
}

interface TokenOptions {
  readonly user: string;
  readonly ods: string;
  readonly role: string;
  readonly roleId?: string;
  readonly activity: readonly string[];
  readonly certificate?: string;
  readonly audience?: string;
  readonly lifeS: number;
}

async function fingerprintOf(path: string): Promise<string> {
  const pem = await readNamedFile(path);
  try {
    return normaliseFingerprint(new X509Certificate(pem).fingerprint256);
  } catch (cause) {
    throw new UsageError(`${path} is not a certificate in PEM.`, { cause });
  }
}
