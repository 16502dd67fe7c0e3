/** The command line: `vertebra <command>`. Each command is in cli/; this puts them together and ends the process rightly. */
import { Command } from 'commander';
import { auditCommands } from './cli/audit.ts';
import type { Setup } from './cli/command.ts';
import { directoryCommands } from './cli/directory.ts';
import { enrolCommand } from './cli/enrol.ts';
import { EXIT, EXIT_HELP, type ExitCode, endOf } from './cli/exit.ts';
import { lifeCommands } from './cli/life.ts';
import { messageCommands } from './cli/messages.ts';
import { sendCommand } from './cli/send.ts';
import { studyCommands } from './cli/study.ts';
import { realWorld, type World } from './cli/world.ts';
import packageFile from './package.json' with { type: 'json' };

/** Runs one command line; the exit code. Never rejects. */
export async function main(words: readonly string[], world: World = realWorld()): Promise<ExitCode> {
  let code: ExitCode = EXIT.done;
  const end = (given: ExitCode): void => {
    code = given;
  };
  try {
    await createProgram({ world, end }).parseAsync([...words], { from: 'user' });
    return code;
  } catch (thrown) {
    const { code: failed, text, json } = endOf(thrown);
    if (words.includes('--json') && failed !== EXIT.done) world.err(`${JSON.stringify(json)}\n`);
    else if (text !== '') world.err(`${text}\n`);
    return failed;
  }
}

function createProgram(setup: Setup): Command {
  const { world } = setup;
  const json = { writeErr: (text: string) => world.err(text), writeOut: (text: string) => world.out(text) };
  const program = new Command('vertebra')
    .description('A message hub for a health service.')
    .version(packageFile.version)
    .configureOutput(json)
    .showHelpAfterError('(--help says more)')
    .exitOverride()
    .addHelpText('after', EXIT_HELP);
  lifeCommands(program, setup);
  directoryCommands(program, setup);
  enrolCommand(program, setup);
  sendCommand(program, setup);
  messageCommands(program, setup);
  auditCommands(program, setup);
  studyCommands(program, setup);
  inherit(program, program);
  return program;
}

/** Subcommands made with `.command()` take over exit and output from their parent only as they stand when they are made. */
function inherit(program: Command, parent: Command): void {
  for (const command of parent.commands) {
    command.copyInheritedSettings(program);
    inherit(program, command);
  }
}
