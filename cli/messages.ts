/** Where a message stands, and those that came to nothing. */
import { writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { TrackView } from '../routes/admin/operations.ts';
import { finish, type Setup, whole } from './command.ts';
import { EXIT } from './exit.ts';
import { pairs, table, time } from './output.ts';

export function messageCommands(program: Command, setup: Setup): void {
  finish(
    program
      .command('track')
      .description('Where a message stands: its answer, and each delivery that it caused.')
      .argument('<message-id>', 'the sender’s message id, or the id of a delivery'),
    setup,
    ['track 6A0E6A2C-7B5D-4C3E-9F10-2B3C4D5E6F70'],
    async ({ ask, show, world }, _options, messageId = '') => {
      const tracks = await ask((hub) => hub.track({ messageId }));
      if (tracks.length === 0) world.err('The hub knows no such message.\n');
      show(tracks, tracks.map(trackText).join('\n'));
      return tracks.length === 0 ? EXIT.failed : EXIT.done;
    },
  );

  const dead = program.command('dead').description('Dead letters: messages and deliveries that were given up.');
  finish<{ after?: string; limit: number }>(
    dead
      .command('list')
      .description('List dead letters.')
      .option('--after <id>', 'go on after this one')
      .option('--limit <number>', 'at most so many', whole(1, 1_000), 100),
    setup,
    ['dead list', 'dead list --json'],
    async ({ ask, show }, options) => {
      const letters = await ask((hub) => hub.deadLetters(options));
      const rows = letters.map((one) => [
        one.id,
        one.kind,
        time(one.diedAt),
        one.receiver,
        one.attempts,
        one.interaction,
        one.reason,
      ]);
      show(letters, table(['id', 'kind', 'died', 'receiver', 'attempts', 'interaction', 'reason'], rows));
    },
  );
  finish<{ body?: string }>(
    dead
      .command('show')
      .description('Show a dead letter. That its body was read goes into the audit trail.')
      .argument('<id>')
      .option('--body <file>', 'write its bytes into a file instead of showing them'),
    setup,
    ['dead show 6A0E6A2C-7B5D-4C3E-9F10-2B3C4D5E6F70', 'dead show 6A0E... --body letter.xml'],
    async ({ ask, show }, { body }, id = '') => {
      const found = await ask((hub) => hub.deadLetter({ id }));
      const bytes = Buffer.from(found.body_base64, 'base64');
      if (body !== undefined) await writeFile(body, bytes, { flag: 'wx', mode: 0o600 });
      const { cause, diedAt, ...letter } = found.letter;
      const text = pairs({
        ...letter,
        died: time(diedAt),
        message: cause.messageId,
        sender: cause.sender,
        'content type': found.contentType,
      });
      const shown = body === undefined ? printable(bytes) : `The body is in ${body}.`;
      show(found, `${text}\n${shown}\n`);
    },
  );
  finish(
    dead.command('replay').description('Put a dead letter back, once: it is tried afresh.').argument('<id>'),
    setup,
    ['dead replay 6A0E6A2C-7B5D-4C3E-9F10-2B3C4D5E6F70'],
    async ({ ask, show }, _options, id = '') => {
      show(await ask((hub) => hub.replay({ id })), 'It is on its way again.\n');
    },
  );
}

function trackText({ key, deliveries, answer, ...track }: TrackView): string {
  const told = answer === undefined ? undefined : [answer.kind, answer.code ?? answer.status].filter(Boolean).join(' ');
  const rows = deliveries.map((one) => [
    one.id,
    one.receiver,
    one.mode,
    one.stage,
    one.attempts,
    time(one.createdAt),
    time(one.settledAt),
    one.reason,
  ]);
  const head = pairs({
    message: key.messageId,
    sender: key.sender,
    interaction: track.interaction,
    stage: track.stage,
    received: time(track.receivedAt),
    decided: time(track.decidedAt),
    answer: told,
    reason: track.reason,
  });
  if (rows.length === 0) return `${head}\nNo deliveries.\n`;
  return `${head}\n${table(['delivery', 'receiver', 'mode', 'stage', 'attempts', 'made', 'settled', 'reason'], rows)}`;
}

/** Text as it is but for what would draw on the terminal. */
const printable = (bytes: Buffer): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
  bytes.toString('utf8').replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '·');
