/** PostgreSQL for tests: its own cluster in a temporary folder, on a loopback port, with every sync it would do in production. */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { freePort, isRoot, runOnce } from './child.ts';
import { runService, type Service } from './service.ts';

export interface PostgresService extends Service {
  /** The URL of a fresh, empty database with a random name. */
  createDatabase(): Promise<string>;
}

const ACCOUNT = 'postgres';

const SETTINGS: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  shared_buffers: '128MB',
  max_connections: '100',
  // Durability is what the tests are about: never traded for speed.
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  max_wal_size: '2GB',
  log_min_messages: 'warning',
  log_checkpoints: 'off',
};

async function ask(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000, query_timeout: 20_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query(text);
  } finally {
    await client.end().catch(() => {});
  }
}

export async function startPostgres(programs: string, folder: string): Promise<PostgresService> {
  const port = await freePort();
  const data = join(folder, 'data');
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  // PostgreSQL refuses to run as root; the package made this account.
  if (isRoot()) runOnce(undefined, 'chown', [`${ACCOUNT}:`, folder]);
  runOnce(ACCOUNT, join(programs, 'initdb'), [
    ...['-D', data, '-U', 'vertebra', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync'],
  ]);
  const url = `postgres://vertebra@127.0.0.1:${port}/postgres`;
  const settings = { ...SETTINGS, port: String(port), unix_socket_directories: folder };
  const service = await runService({
    name: 'postgres',
    command: join(programs, 'postgres'),
    arguments: ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    folder,
    account: ACCOUNT,
    url,
    port,
    readyWithin_ms: 20_000,
    ready: () => ask(url, 'select 1'),
    stopSignals: [
      { signal: 'SIGINT', within_ms: 5_000 },
      { signal: 'SIGQUIT', within_ms: 3_000 },
    ],
  });
  return Object.assign(service, {
    async createDatabase() {
      const name = `hub_${randomBytes(6).toString('hex')}`;
      await ask(url, `create database ${name} template template0`);
      return `postgres://vertebra@127.0.0.1:${port}/${name}`;
    },
  });
}
