/** How a command is put together: the options that all have, and what an action is given. */
import { readFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError } from 'commander';
import type { Config } from '../config.ts';
import type { Administration } from '../routes/admin/operations.ts';
import { EXIT, type ExitCode, UsageError } from './exit.ts';
import { withAdministration } from './hub-access.ts';
import { type Printer, printer } from './output.ts';
import type { World } from './world.ts';

export interface Context extends Printer {
  readonly world: World;
  readonly config: Config;
  readonly json: boolean;
  /** Works with the administration of the hub on the data folder. */
  ask<Result>(work: (administration: Administration) => Promise<Result>): Promise<Result>;
}

export interface Setup {
  readonly world: World;
  /** Called with the exit code of a command that ran to its end. */
  end(code: ExitCode): void;
}

/** Its action gets the arguments in their order, then the options; it gives an exit code, or nothing for 0. */
export type Action<Options> = (context: Context, options: Options, ...words: string[]) => Promise<ExitCode | undefined>;

/** Adds `--json` and `--data`, the examples, and the action with its context. */
export function finish<Options extends object>(
  command: Command,
  { world, end }: Setup,
  examples: readonly string[],
  action: Action<Options>,
): Command {
  return command
    .option('--json', 'print JSON for programs, errors too')
    .option('--data <folder>', 'the data folder, instead of HUB_DATA_FOLDER')
    .addHelpText('after', `\nExamples:\n${examples.map((example) => `  $ vertebra ${example}`).join('\n')}`)
    .action(async (...given: unknown[]) => {
      const words = command.processedArgs.flat().filter((word) => word !== undefined);
      const options = given.at(-2) as Options & { json?: boolean; data?: string };
      const { json = false, data, ...own } = options;
      const config = world.config(data);
      const context: Context = {
        ...{ world, config, json },
        ...printer(world, json),
        ask: (work) => withAdministration(world, config, work),
      };
      end((await action(context, own as Options, ...words.map(String))) ?? EXIT.done);
    });
}

/** For options that may be given several times, or once with commas. */
export const listed = (value: string, before: readonly string[] = []): string[] => [
  ...before,
  ...value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
];

export const whole =
  (least: number, most: number) =>
  (value: string): number => {
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It is not a whole number from ${least} to ${most}.`);
  };

/** @throws UsageError that names the file */
export async function readNamedFile(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new UsageError(`${path} cannot be read: ${(cause as NodeJS.ErrnoException).code ?? 'unknown'}`, { cause });
  }
}
