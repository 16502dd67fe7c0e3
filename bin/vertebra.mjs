#!/usr/bin/env node
/** The command line on any Node from 20 on: where that is older than the hub needs, the hub's own Node runs it. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ENVIRONMENT, NODE_FLAGS } from './runtime-flags.mjs';

const NEEDED = 24;
const home = dirname(dirname(fileURLToPath(import.meta.url)));
const [major] = process.versions.node.split('.').map(Number);

const words = process.argv.slice(2);
const self = fileURLToPath(import.meta.url);
/** A hub that serves runs under flags of its own; any other command runs as it is. */
const flagged = words[0] !== 'serve' || NODE_FLAGS.every((flag) => process.execArgv.includes(flag));

if (major >= NEEDED && !flagged) {
  // the same process goes on under the flags, so whoever watches its id watches the hub
  process.removeAllListeners('warning');
  process.execve(process.execPath, [process.execPath, ...NODE_FLAGS, self, ...words], {
    ...process.env,
    ...ENVIRONMENT,
  });
} else if (major >= NEEDED) {
  const { main } = await import('../cli.ts');
  process.exitCode = await main(words);
} else {
  const own = join(home, 'node_modules', 'node', 'bin', 'node');
  if (!existsSync(own)) {
    process.stderr.write(`This needs Node ${NEEDED}, or \`npm install\` in ${home}, which brings it along.\n`);
    process.exit(2);
  }
  const child = spawn(own, [...NODE_FLAGS, self, ...words], {
    stdio: 'inherit',
    env: { ...process.env, ...ENVIRONMENT },
  });
  // a terminal signals both; whoever signals this one alone means the hub
  const hand = (signal) => child.kill(signal);
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, hand);
  process.on('SIGINT', () => undefined);
  child.on('error', (error) => {
    process.stderr.write(`${own} cannot be run: ${error.message}\n`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => process.exit(signal === null ? (code ?? 1) : 128 + constants.signals[signal]));
}
