/** Installs what is missing before anything else runs: plain JavaScript, because a fresh clone has only the machine's own Node. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const lock = join(root, 'package-lock.json');
const installed = join(root, 'node_modules', '.package-lock.json');
const runtime = join(root, 'node_modules', 'node', 'bin', 'node');

const wanted = JSON.parse(readFileSync(lock, 'utf8')).packages;
const missing = () => {
  if (!existsSync(installed) || !existsSync(runtime)) return true;
  const present = JSON.parse(readFileSync(installed, 'utf8')).packages;
  return Object.entries(wanted).some(
    ([name, entry]) => name !== '' && !entry.optional && present[name]?.version !== entry.version,
  );
};

if (missing()) {
  // as the lock file says, and without writing to it; `npm ci` refuses where a registry lacks a package for another platform
  console.log('Installing what is missing (npm install) ...');
  const words = ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
  const done = spawnSync('npm', words, { cwd: root, stdio: 'inherit' });
  if (done.status !== 0) {
    console.error('npm install failed: see above.');
    process.exit(done.status ?? 1);
  }
  if (!existsSync(runtime)) {
    console.error(
      'The pinned Node runtime was not installed: allow the install script of the package "node", then try again.',
    );
    process.exit(1);
  }
}
