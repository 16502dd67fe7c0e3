/** The only reader of the environment: flat HUB_ names with the unit in the name, every mistake told at once. */
import { availableParallelism } from 'node:os';

export interface Config {
  readonly dataFolder: string;
  readonly store: 'sqlite' | 'postgres';
  readonly postgresUrl: string | undefined;
  readonly broker: 'embedded' | 'rabbitmq';
  readonly rabbitmqUrl: string | undefined;
  readonly sharedMemory: 'process' | 'redis';
  readonly redisUrl: string | undefined;

  readonly messageHost: string;
  readonly messagePort: number;
  readonly adminHost: string;
  readonly adminPort: number;
  readonly operationsHost: string;
  readonly operationsPort: number;

  /** The names under which systems reach the doors: they go into the development certificate. */
  readonly hostNames: readonly string[];
  readonly serverCertificateFile: string | undefined;
  readonly serverKeyFile: string | undefined;
  /** Authorities whose client certificates are accepted; the development authority without one. */
  readonly clientAuthorityFile: string | undefined;
  readonly revocationFiles: readonly string[];
  readonly revocationReload_s: number;

  readonly partyKey: string;
  readonly cpaId: string;
  readonly officialSchemaFolder: string | undefined;
  /** JSON: issuers whose tokens of persons are believed; the development issuer without one. */
  readonly tokenIssuersFile: string | undefined;

  readonly mostBody_bytes: number;
  readonly answerWithin_ms: number;
  readonly messagesPerSystem_perSecond: number;
  readonly mostUndecided: number;
  readonly mostUndelivered: number;
  readonly mostMemory_MB: number;
  readonly leastDisk_MB: number;
  readonly connections: number;
  readonly connectionsPerAddress: number;
  readonly handshake_ms: number;
  readonly headers_ms: number;
  readonly request_ms: number;
  readonly keepAlive_ms: number;
  /** Threads that serve the message door: as many as there are processors, up to four, where nothing is said. */
  readonly engines: number;
  readonly stopWithin_ms: number;
  readonly keepMessages_days: number;

  /** On in one process of a hub: it alone fills the lake. */
  readonly lake: 'on' | 'off';
  readonly lakeEvery_s: number;
  readonly lakeBatch: number;
  readonly auditHeadEvery_s: number;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Standard output without one. */
  readonly logFile: string | undefined;
  /** OTLP over HTTP, such as http://127.0.0.1:4318/v1/traces; no traces without one. */
  readonly traceUrl: string | undefined;
}

type Reader<Value> = {
  readonly fallback: string | undefined;
  readonly secret?: boolean;
  read(text: string): Value | Mistake;
};
class Mistake {
  readonly what: string;
  constructor(what: string) {
    this.what = what;
  }
}

const text = (fallback: string): Reader<string> => ({ fallback, read: (value) => value });
const optional: Reader<string | undefined> = { fallback: undefined, read: (value) => value };
const secretUrl: Reader<string | undefined> = {
  fallback: undefined,
  secret: true,
  read: (value) => (URL.canParse(value) ? value : new Mistake('is not a URL')),
};
const url: Reader<string | undefined> = { ...secretUrl, secret: false };
const list = (fallback: string): Reader<readonly string[]> => ({
  fallback,
  read: (value) =>
    value
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
});
const whole = (fallback: number, least: number, most: number): Reader<number> => ({
  fallback: String(fallback),
  read(value) {
    const number = Number(value);
    return /^\d+$/.test(value) && number >= least && number <= most
      ? number
      : new Mistake(`is not a whole number from ${least} to ${most}`);
  },
});
const oneOf = <Value extends string>(fallback: Value, ...values: readonly Value[]): Reader<Value> => ({
  fallback,
  read: (value) => values.find((candidate) => candidate === value) ?? new Mistake(`is not one of ${values.join(', ')}`),
});

const DAY_ms = 86_400_000;

const SETTINGS: { readonly [Name in keyof Config]: readonly [variable: string, reader: Reader<Config[Name]>] } = {
  dataFolder: ['HUB_DATA_FOLDER', text('data')],
  store: ['HUB_STORE', oneOf('sqlite', 'sqlite', 'postgres')],
  postgresUrl: ['HUB_POSTGRES_URL', secretUrl],
  broker: ['HUB_BROKER', oneOf('embedded', 'embedded', 'rabbitmq')],
  rabbitmqUrl: ['HUB_RABBITMQ_URL', secretUrl],
  sharedMemory: ['HUB_SHARED_MEMORY', oneOf('process', 'process', 'redis')],
  redisUrl: ['HUB_REDIS_URL', secretUrl],
  messageHost: ['HUB_MESSAGE_HOST', text('127.0.0.1')],
  messagePort: ['HUB_MESSAGE_PORT', whole(8443, 0, 65_535)],
  adminHost: ['HUB_ADMIN_HOST', text('127.0.0.1')],
  adminPort: ['HUB_ADMIN_PORT', whole(8444, 0, 65_535)],
  operationsHost: ['HUB_OPERATIONS_HOST', text('127.0.0.1')],
  operationsPort: ['HUB_OPERATIONS_PORT', whole(9464, 0, 65_535)],
  hostNames: ['HUB_HOST_NAMES', list('localhost,127.0.0.1')],
  serverCertificateFile: ['HUB_SERVER_CERTIFICATE_FILE', optional],
  serverKeyFile: ['HUB_SERVER_KEY_FILE', optional],
  clientAuthorityFile: ['HUB_CLIENT_AUTHORITY_FILE', optional],
  revocationFiles: ['HUB_REVOCATION_FILES', list('')],
  revocationReload_s: ['HUB_REVOCATION_RELOAD_s', whole(60, 1, 86_400)],
  partyKey: ['HUB_PARTY_KEY', text('YES-0000806')],
  cpaId: ['HUB_CPA_ID', text('S1001A1630')],
  officialSchemaFolder: ['HUB_OFFICIAL_SCHEMA_FOLDER', optional],
  tokenIssuersFile: ['HUB_TOKEN_ISSUERS_FILE', optional],
  mostBody_bytes: ['HUB_MOST_BODY_bytes', whole(5_000_000, 1_000, 100_000_000)],
  answerWithin_ms: ['HUB_ANSWER_WITHIN_ms', whole(25_000, 100, 300_000)],
  messagesPerSystem_perSecond: ['HUB_MESSAGES_PER_SYSTEM_perSecond', whole(500, 1, 1_000_000)],
  mostUndecided: ['HUB_MOST_UNDECIDED', whole(50_000, 1, 10_000_000)],
  mostUndelivered: ['HUB_MOST_UNDELIVERED', whole(2_000_000, 1, 100_000_000)],
  mostMemory_MB: ['HUB_MOST_MEMORY_MB', whole(1_500, 100, 1_000_000)],
  leastDisk_MB: ['HUB_LEAST_DISK_MB', whole(200, 0, 1_000_000)],
  connections: ['HUB_CONNECTIONS', whole(25_000, 1, 1_000_000)],
  connectionsPerAddress: ['HUB_CONNECTIONS_PER_ADDRESS', whole(256, 1, 1_000_000)],
  handshake_ms: ['HUB_HANDSHAKE_ms', whole(10_000, 100, 120_000)],
  headers_ms: ['HUB_HEADERS_ms', whole(10_000, 100, 120_000)],
  request_ms: ['HUB_REQUEST_ms', whole(60_000, 100, 600_000)],
  keepAlive_ms: ['HUB_KEEP_ALIVE_ms', whole(300_000, 1_000, DAY_ms)],
  engines: ['HUB_ENGINES', whole(Math.min(availableParallelism(), 4), 1, 64)],
  stopWithin_ms: ['HUB_STOP_WITHIN_ms', whole(20_000, 100, 300_000)],
  keepMessages_days: ['HUB_KEEP_MESSAGES_days', whole(30, 1, 36_500)],
  lake: ['HUB_LAKE', oneOf('on', 'on', 'off')],
  lakeEvery_s: ['HUB_LAKE_EVERY_s', whole(30, 1, 86_400)],
  lakeBatch: ['HUB_LAKE_BATCH', whole(1_000, 1, 50_000)],
  auditHeadEvery_s: ['HUB_AUDIT_HEAD_EVERY_s', whole(60, 1, 86_400)],
  logLevel: ['HUB_LOG_LEVEL', oneOf('info', 'debug', 'info', 'warn', 'error', 'silent')],
  logFile: ['HUB_LOG_FILE', optional],
  traceUrl: ['HUB_TRACE_URL', url],
};

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly mistakes: readonly string[];
  constructor(mistakes: readonly string[]) {
    super(
      `The configuration has ${mistakes.length} mistake${mistakes.length === 1 ? '' : 's'}:\n  ${mistakes.join('\n  ')}`,
    );
    this.mistakes = mistakes;
  }
}

/** @throws ConfigError with every mistake at once; an unknown HUB_ name is one. */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const mistakes: string[] = [];
  const known = new Set(Object.values(SETTINGS).map(([variable]) => variable));
  for (const name of Object.keys(environment)) {
    if (name.startsWith('HUB_') && !known.has(name)) mistakes.push(`${name} is not a setting of the hub`);
  }
  const found: Record<string, unknown> = {};
  for (const [name, [variable, reader]] of Object.entries(SETTINGS)) {
    const given = environment[variable] ?? reader.fallback;
    const value = given === undefined ? undefined : (reader as Reader<unknown>).read(given);
    if (value instanceof Mistake) mistakes.push(`${variable} ${value.what}`);
    else found[name] = value;
  }
  const config = found as unknown as Config;
  mistakes.push(...contradictions(config));
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return config;
}

function contradictions(config: Config): string[] {
  const found: string[] = [];
  if (config.store === 'postgres' && config.postgresUrl === undefined)
    found.push('HUB_STORE=postgres needs HUB_POSTGRES_URL');
  if (config.broker === 'rabbitmq' && config.rabbitmqUrl === undefined)
    found.push('HUB_BROKER=rabbitmq needs HUB_RABBITMQ_URL');
  if (config.sharedMemory === 'redis' && config.redisUrl === undefined)
    found.push('HUB_SHARED_MEMORY=redis needs HUB_REDIS_URL');
  if ((config.serverCertificateFile === undefined) !== (config.serverKeyFile === undefined)) {
    found.push('HUB_SERVER_CERTIFICATE_FILE and HUB_SERVER_KEY_FILE go together');
  }
  if (config.clientAuthorityFile !== undefined && config.revocationFiles.length === 0) {
    found.push('HUB_CLIENT_AUTHORITY_FILE needs HUB_REVOCATION_FILES: a list for every authority of the chain');
  }
  return found;
}

/** Every setting with its value, for the log at start: secrets masked. */
export function describeConfig(config: Config): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(SETTINGS).map(([name, [variable, reader]]) => {
      const value = config[name as keyof Config];
      return [variable, reader.secret && value !== undefined ? '(set)' : value];
    }),
  );
}

/** Every variable with its default, for `--help` and the documents. */
export const SETTINGS_TABLE: readonly { readonly variable: string; readonly fallback: string | undefined }[] =
  Object.values(SETTINGS).map(([variable, reader]) => ({ variable, fallback: reader.fallback }));
