/**
 * Everything that must be true: types, lint, boundaries, unused code, then every test. Names each step, goes on after a
 * failure so that one run tells all, and exits 0 only if all of them passed.
 * `node scripts/test.mjs --only types,tests` runs some; files after `--` are handed to mocha instead of all tests.
 */
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const root = join(import.meta.dirname, '..');
const bin = join(root, 'node_modules', '.bin');
const folder = mkdtempSync(join(tmpdir(), 'vertebra-tests-'));
const report = join(folder, 'tests.json');
const [before, files = []] = split(process.argv.slice(2));
const only = before.includes('--only') ? before[before.indexOf('--only') + 1]?.split(',') : undefined;

function split(args) {
  const at = args.indexOf('--');
  return at < 0 ? [args] : [args.slice(0, at), args.slice(at + 1)];
}

const sources =
  'adapters audit bench broker certs cli core directory examples identity pipeline routes schemas store cli.ts config.ts engine.ts engines.ts housekeeping.ts hub.ts management.ts plugs.ts';
const tests = files.length > 0 ? files : globSync('test/**/*.test.ts', { cwd: root }).sort();
const STEPS = {
  types: ['tsc', '-p', '.'],
  lint: ['biome', 'ci', '--reporter=summary', '.'],
  boundaries: ['depcruise', '--config', '.dependency-cruiser.cjs', ...sources.split(' ')],
  unused: ['knip'],
  tests: [
    'mocha',
    '--exit',
    '--require',
    'test/support/services-hooks.ts',
    '--reporter',
    'scripts/test-reporter.mjs',
    '--reporter-option',
    `output=${report}`,
    ...tests,
  ],
};

const outcomes = [];
for (const [name, [command, ...args]] of Object.entries(STEPS)) {
  if (only !== undefined && !only.includes(name)) continue;
  console.log(`\n── ${name} ${'─'.repeat(Math.max(0, 70 - name.length))}`);
  const started = Date.now();
  const { status } = spawnSync(join(bin, command), args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}`, NODE_ENV: 'test' },
  });
  outcomes.push({ name, ok: status === 0, took_s: (Date.now() - started) / 1_000 });
}

let counts = { passes: 0, failures: 0, pending: 0 };
try {
  counts = JSON.parse(readFileSync(report, 'utf8'));
} catch {
  // the tests step was not asked for, or died: its own outcome says so
}
rmSync(folder, { recursive: true, force: true });
console.log('');
for (const { name, ok, took_s } of outcomes)
  console.log(`${ok ? '✔' : '✘'} ${name.padEnd(12)} ${took_s.toFixed(1).padStart(7)} s`);
console.log(`\n${counts.passes} passed, ${counts.failures} failed, ${counts.pending} skipped`);
process.exitCode = outcomes.every(({ ok }) => ok) ? 0 : 1;
