/** The hub itself: made ready, run, measured. */
import type { Command } from 'commander';
import { SETTINGS_TABLE } from '../config.ts';
import { openOperatorToken, operatorTokenPath } from '../routes/admin/operator-token.ts';
import { finish, type Setup } from './command.ts';
import { EXIT, UsageError } from './exit.ts';
import { authorityFile, hubFile, runningHub } from './hub-access.ts';
import { pairs } from './output.ts';

export function lifeCommands(program: Command, setup: Setup): void {
  finish(
    program
      .command('init')
      .description(
        'Make a data folder: store, certificate authority, keys and the operator’s token. Again is harmless.',
      ),
    setup,
    ['init', 'init --data /var/lib/vertebra'],
    async ({ world, config, show }) => {
      const { dataFolder } = config;
      const running = await runningHub(dataFolder);
      if (running !== undefined) throw new UsageError(`A hub runs on ${dataFolder} already (process ${running.pid}).`);
      await openOperatorToken(dataFolder);
      const offline = await (await world.loadHub()).openOffline(config);
      await offline.close();
      const made = {
        dataFolder,
        operatorToken: operatorTokenPath(dataFolder),
        ...(config.clientAuthorityFile === undefined && { authority: authorityFile(dataFolder) }),
      };
      show(made, `${pairs(made)}\nNext: vertebra serve\n`);
    },
  );

  finish(
    program
      .command('serve')
      .description('Run the hub until it is told to stop (SIGINT or SIGTERM). A second signal ends it at once.')
      .addHelpText(
        'after',
        () =>
          `\nSettings (environment):\n${SETTINGS_TABLE.map(({ variable, fallback = '' }) => `  ${variable.padEnd(40)} ${fallback}`).join('\n')}`,
      ),
    setup,
    ['serve', 'serve --data /var/lib/vertebra'],
    async ({ world, config }) => {
      const hub = await (await world.loadHub()).startHub(config);
      const urls = await runningHub(config.dataFolder);
      world.err(
        pairs({
          messages: hub.messageUrl,
          administration: urls?.adminUrl,
          operations: urls?.operationsUrl,
          address: hubFile(config.dataFolder),
        }),
      );
      await stopSignal();
      const impatient = (): void => process.exit(EXIT.failed);
      process.once('SIGINT', impatient).once('SIGTERM', impatient);
      await hub.stop();
      process.off('SIGINT', impatient).off('SIGTERM', impatient);
    },
  );

  program
    .command('bench')
    .description('Measure what the hub carries on this machine; see `vertebra bench --help`.')
    .helpOption(false)
    .allowUnknownOption()
    .argument('[words...]', 'what `npm run bench --` takes')
    .action(async (words: string[]) => {
      const { bench } = await import('../bench/run.ts');
      setup.end((await bench(words)) === 0 ? EXIT.done : EXIT.failed);
    });
}

/** Keeps the process alive until it is told to stop. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    const awake = setInterval(() => undefined, 60_000);
    const stop = (): void => {
      clearInterval(awake);
      process.off('SIGINT', stop).off('SIGTERM', stop);
      resolve();
    };
    process.on('SIGINT', stop).on('SIGTERM', stop);
  });
}
