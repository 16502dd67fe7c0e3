/** A connection that heals itself: pipelined statements while it is up, an immediate refusal while it is not. */
import pg from 'pg';
import type { Cancel, Clock } from '../../core/clock.ts';
import type { Cell } from './arrays.ts';
import { unavailable } from './faults.ts';

export interface LinkLog {
  warn(details: object, text: string): void;
}

export interface LinkOptions {
  readonly url: string;
  readonly purpose: string;
  readonly clock: Clock;
  readonly log: LinkLog;
  /** Longest a statement may take at the server; the client gives up a second later. */
  readonly statementTimeout_ms: number;
  /** How long a new connection may take. */
  readonly connectTimeout_ms: number;
}

export type Row = readonly Cell[];
/** Prepared once on a connection under its name. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

const RECONNECT_FIRST_MS = 50;
const RECONNECT_MOST_MS = 1_000;

/**
 * Every statement here is a look-up by key or a short range of an index, and its plan must be that from the first row
 * on, before anything is analysed: so index nested loops always, planned once.
 * lz4 where the server has it: a third of the time of its own compression.
 * A process that stops dead inside a transaction holds up the others for half the time that they wait.
 */
const settings = (timeout_ms: number): string => `
  set synchronous_commit = on;
  set statement_timeout = ${timeout_ms};
  set lock_timeout = ${timeout_ms};
  set idle_in_transaction_session_timeout = ${Math.ceil(timeout_ms / 2)};
  set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off; set jit = off;
  set plan_cache_mode = force_generic_plan;
  select set_config('default_toast_compression', 'lz4', false) from pg_settings
    where name = 'default_toast_compression' and 'lz4' = any (enumvals);`;

/** Text forms of the few types that the store's tables use. */
const PARSERS: Readonly<Record<number, (text: string) => Cell>> = {
  16: (text) => text === 't',
  17: (text) => Buffer.from(text.slice(2), 'hex'),
  20: Number,
  23: Number,
};
const asText = (text: string): string => text;
const types = { getTypeParser: (oid: number) => PARSERS[oid] ?? asText } as pg.CustomTypesConfig;

/** Instants, limits and numbers as a bigint takes them: whole, and no further than a double counts exactly. */
const MOST = Number.MAX_SAFE_INTEGER;
const whole = (value: number): number => Math.floor(Math.min(Math.max(Number.isNaN(value) ? 0 : value, -MOST), MOST));

/** One connection from its beginning to its end: a transaction never spans two of them. */
export class Session {
  readonly #client: pg.Client;
  lost = false;
  inFlight = 0;

  constructor(client: pg.Client) {
    this.#client = client;
  }

  /** Sends at once, behind whatever is under way; rejects with what the driver threw. */
  async run(statement: Statement, values: readonly (Cell | Buffer)[] = []): Promise<Row[]> {
    this.inFlight++;
    try {
      const { name, text } = statement;
      const sent = values.map((value) => (typeof value === 'number' ? whole(value) : value));
      const result = await this.#client.query<Cell[]>({ name, text, values: sent, rowMode: 'array' });
      return result.rows;
    } finally {
      this.inFlight--;
    }
  }

  /** Without parameters and unprepared; gives the command that the server says it did. */
  async command(text: string): Promise<string> {
    this.inFlight++;
    try {
      return (await this.#client.query(text)).command;
    } finally {
      this.inFlight--;
    }
  }
}

export class Link {
  readonly #options: LinkOptions;
  #client: pg.Client | undefined;
  #session: Session | undefined;
  #closed = false;
  #failures = 0;
  #cancelRetry: Cancel | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** The first connection; rejects with STORE_UNAVAILABLE, and then nothing is tried again. */
  async open(): Promise<void> {
    try {
      await this.#connect();
    } catch (thrown) {
      throw unavailable(thrown);
    }
  }

  /** The connection as it stands; throws STORE_UNAVAILABLE at once where there is none. */
  session(): Session {
    if (this.#session === undefined) throw unavailable();
    return this.#session;
  }

  get inFlight(): number {
    return this.#session?.inFlight ?? Number.POSITIVE_INFINITY;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelRetry?.();
    const client = this.#client;
    this.#client = undefined;
    if (this.#session) this.#session.lost = true;
    this.#session = undefined;
    await client?.end().catch(() => {});
  }

  async #connect(): Promise<void> {
    const { url, purpose, connectTimeout_ms, statementTimeout_ms } = this.#options;
    const client = new pg.Client({
      connectionString: url,
      application_name: `vertebra ${purpose}`,
      connectionTimeoutMillis: connectTimeout_ms,
      query_timeout: statementTimeout_ms + 1_000,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      pipeline: true,
      types,
    });
    client.on('error', (error) => this.#down(client, error));
    client.on('end', () => this.#down(client));
    this.#client = client;
    try {
      await client.connect();
      await client.query(settings(statementTimeout_ms));
    } catch (thrown) {
      if (this.#client === client) this.#client = undefined;
      await client.end().catch(() => {});
      throw thrown;
    }
    if (this.#closed || this.#client !== client) {
      await client.end().catch(() => {});
      throw unavailable();
    }
    this.#failures = 0;
    this.#session = new Session(client);
  }

  #down(client: pg.Client, error?: Error): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    if (this.#session === undefined) return; // still connecting: #connect rejects
    this.#session.lost = true;
    this.#session = undefined;
    const reason = unavailable(error).cause;
    this.#options.log.warn({ purpose: this.#options.purpose, reason: String(reason ?? 'closed') }, 'database lost');
    client.end().catch(() => {});
    this.#retry();
  }

  #retry(): void {
    if (this.#closed) return;
    const wait_ms = Math.min(RECONNECT_FIRST_MS * 2 ** this.#failures++, RECONNECT_MOST_MS);
    this.#cancelRetry = this.#options.clock.timer(wait_ms, () => {
      this.#connect().catch(() => this.#retry());
    });
  }
}
