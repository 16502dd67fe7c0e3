/** Finds the programs of the three services, and installs them from Debian's packages where we may. */
import { accessSync, constants, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { isRoot, runOnce } from './child.ts';

export type ServiceName = 'postgres' | 'rabbitmq' | 'redis';

const PACKAGES: Readonly<Record<ServiceName, string>> = {
  postgres: 'postgresql',
  rabbitmq: 'rabbitmq-server',
  redis: 'redis-server',
};

const runnable = (file: string): boolean => {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
};

const onPath = (program: string): string | undefined =>
  (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, program))
    .find(runnable);

/** Debian keeps PostgreSQL's programs off the path, a folder per version: the newest. */
function postgresFolder(): string | undefined {
  const base = '/usr/lib/postgresql';
  const versions = existsSync(base) ? readdirSync(base) : [];
  const debian = versions
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(base, version, 'bin'))
    .find((folder) => runnable(join(folder, 'postgres')) && runnable(join(folder, 'initdb')));
  if (debian) return debian;
  const found = onPath('initdb');
  return found && onPath('postgres') ? join(found, '..') : undefined;
}

/** Debian's /usr/sbin/rabbitmq-server insists on its own account and folders; the one below it takes ours. */
const rabbitmqProgram = (): string | undefined =>
  ['/usr/lib/rabbitmq/bin/rabbitmq-server', '/opt/homebrew/sbin/rabbitmq-server'].find(runnable) ??
  (existsSync('/usr/sbin/rabbitmq-server') ? undefined : onPath('rabbitmq-server'));

const FIND: Readonly<Record<ServiceName, () => string | undefined>> = {
  postgres: postgresFolder,
  rabbitmq: rabbitmqProgram,
  redis: () => onPath('redis-server') ?? ['/usr/bin/redis-server'].find(runnable),
};

/** Where each is (a folder for PostgreSQL, the program for the others). Installs what is missing, or says what to install. */
export function locate(names: readonly ServiceName[]): ReadonlyMap<ServiceName, string> {
  const missing = names.filter((name) => FIND[name]() === undefined);
  if (missing.length > 0) install(missing);
  return new Map(
    names.map((name) => {
      const place = FIND[name]();
      if (place === undefined) throw new Error(`${PACKAGES[name]} is installed, but its programs were not found`);
      return [name, place];
    }),
  );
}

function install(missing: readonly ServiceName[]): void {
  const packages = missing.map((name) => PACKAGES[name]);
  const line = `apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  const apt = onPath('apt-get');
  if (!isRoot() || apt === undefined) {
    throw new Error(
      `The tests need ${missing.join(', ')}. On Debian or Ubuntu run as root: ${line}. ` +
        'Elsewhere install PostgreSQL 14 or newer, RabbitMQ 3.10 or newer and Redis 6 or newer with their programs on the path.',
    );
  }
  console.error(`installing ${packages.join(', ')} for the tests: ${line}`);
  keepServicesStopped();
  const quiet = { DEBIAN_FRONTEND: 'noninteractive' };
  runOnce(undefined, apt, ['update', '-q'], quiet);
  runOnce(undefined, apt, ['install', '-q', '-y', '--no-install-recommends', ...packages], quiet);
}

/**
 * The packages would start servers of their own on the usual ports; a policy-rc.d that answers 101 forbids it
 * (Debian policy, invoke-rc.d). One that is there already is left as it is. Ours stays: removing it after
 * installing could race another installation that relies on it. PostgreSQL's own cluster is not made either.
 */
function keepServicesStopped(): void {
  const policy = '/usr/sbin/policy-rc.d';
  if (!existsSync(policy)) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
}
