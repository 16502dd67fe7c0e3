/** The audit trail: was it changed, and what does it say? */
import type { Command } from 'commander';
import { auditEventOf } from '../audit/fhir.ts';
import type { Verification } from '../audit/verify.ts';
import type { AuditLine } from '../core/audit-chain.ts';
import { finish, readNamedFile, type Setup, whole } from './command.ts';
import { EXIT } from './exit.ts';
import { pairs, progress, table, time } from './output.ts';

export function auditCommands(program: Command, setup: Setup): void {
  const audit = program.command('audit').description('The audit trail.');
  finish<{ heads?: string; publicKey?: string }>(
    audit
      .command('verify')
      .description('Read the whole trail again and say whether anything in it was changed. Exit code 4 where it was.')
      .option('--heads <file>', 'a copy of audit/heads.jsonl that was kept elsewhere')
      .option('--public-key <file>', 'the copy of audit/heads.public.pem that was kept elsewhere'),
    setup,
    ['audit verify', 'audit verify --heads /mnt/elsewhere/heads.jsonl --public-key /mnt/elsewhere/heads.public.pem'],
    async ({ ask, show, world }, { heads, publicKey }) => {
      const input = {
        ...(heads !== undefined && { headsCopy: (await readNamedFile(heads)).toString('utf8') }),
        ...(publicKey !== undefined && { publicKeyPem: (await readNamedFile(publicKey)).toString('utf8') }),
      };
      const drawn = progress(world, 'lines read:');
      const found = await ask((hub) => hub.verifyAudit(input, drawn.at)).finally(drawn.end);
      show(found, verificationText(found));
      return found.ok ? EXIT.done : EXIT.changed;
    },
  );

  finish<{ after?: number; before?: number; patient?: string; limit: number; fhir?: true }>(
    audit
      .command('lines')
      .description('Show lines in order, or a patient’s lines, newest first. That you looked is audited too.')
      .option('--after <number>', 'lines after this one', whole(0, Number.MAX_SAFE_INTEGER))
      .option('--patient <nhs-number>', 'who has looked at this patient, and what was done')
      .option('--before <number>', 'with --patient: lines before this one', whole(0, Number.MAX_SAFE_INTEGER))
      .option('--limit <number>', 'at most so many', whole(1, 1_000), 100)
      .option('--fhir', 'as FHIR AuditEvents, one a line'),
    setup,
    ['audit lines --after 1000 --limit 50', 'audit lines --patient 9990000018', 'audit lines --fhir'],
    async ({ ask, show, config, world }, { after, before, patient, limit, fhir }) => {
      const lines = await ask((hub) =>
        patient === undefined
          ? hub.auditLines({ limit, ...(after !== undefined && { after }) })
          : hub.patientLines({ patient, limit, ...(before !== undefined && { before }) }),
      );
      if (fhir === undefined) show(lines, linesText(lines));
      else
        for (const line of lines) world.out(`${JSON.stringify(auditEventOf(line, { partyKey: config.partyKey }))}\n`);
    },
  );
}

function verificationText({ ok, lines, heads, signed, problems, notes }: Verification): string {
  const head = pairs({ lines, 'signed heads': heads, 'signed up to line': signed });
  const said = notes.map((note) => `Note: ${note}\n`).join('');
  if (ok) return `${head}\n${said}Nothing was changed.\n`;
  const rows = problems.map(({ seq, what }) => [seq, what]);
  const found = problems.map(({ seq, what }) => `  line ${seq}: ${what}\n`).join('');
  return `${head}\n${said}THE TRAIL WAS CHANGED (${rows.length} places):\n${found}`;
}

const linesText = (lines: readonly AuditLine[]): string =>
  table(
    ['line', 'at', 'system', 'ods', 'user', 'action', 'outcome', 'code', 'entity', 'reason', 'message'],
    lines.map((line) => [
      line.seq,
      time(line.at),
      line.system,
      line.ods,
      line.user,
      line.action,
      line.outcome,
      line.code,
      line.entity,
      line.reason,
      line.messageId,
    ]),
  );
