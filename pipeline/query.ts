/** Asks the lake in SQL, in a room without doors: one SELECT, over the view `facts`, with an end to its time, memory and rows. */
import { type DuckDBConnection, DuckDBInstance, StatementType } from '@duckdb/node-api';
import { HubError } from '../core/errors.ts';
import { type CountedFile, counted, factFiles, factFolder } from './files.ts';

export interface QueryLimits {
  readonly rows: number;
  readonly time_ms: number;
  readonly memory_mb: number;
}

export type Cell = string | number | boolean | null;

export interface QueryResult {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** True where there were more rows than the limit. */
  readonly truncated: boolean;
}

export const DEFAULT_LIMITS: QueryLimits = { rows: 10_000, time_ms: 30_000, memory_mb: 256 };

/** A writer may put files together while a query opens them: then it is asked again. */
const ATTEMPTS_MAX = 3;

/**
 * The view `facts` has the columns seq, happened_at (UTC), kind, ods, interaction, pseudonym and attributes (JSON:
 * `attributes->>'plan'`). Errors as of `Lake.query`.
 */
export async function queryLake(folder: string, sql: string, limits: Partial<QueryLimits> = {}): Promise<QueryResult> {
  const within = { ...DEFAULT_LIMITS, ...limits };
  for (let attempt = 1; ; attempt++) {
    const instance = await DuckDBInstance.create(':memory:', { threads: '1', memory_limit: `${within.memory_mb}MB` });
    try {
      const connection = await instance.connect();
      await closeDoors(connection, folder);
      return await ask(connection, sql, within);
    } catch (error) {
      if (error instanceof HubError) throw error;
      const what = error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'unknown';
      if (attempt < ATTEMPTS_MAX && /^(IO|Permission) Error.*\.parquet/.test(what)) continue;
      throw new HubError('VALUE_INVALID', { faults: [{ path: 'sql', what }] }, { cause: error });
    } finally {
      instance.closeSync();
    }
  }
}

/** Defines the view, then shuts off disk, network, extensions and settings; only the lake's own folder can be read. */
async function closeDoors(connection: DuckDBConnection, folder: string): Promise<void> {
  await connection.run(`CREATE VIEW facts AS ${viewOf(counted(factFiles(folder)).counted)}`);
  await connection.run(`SET allowed_directories = [${quoted(`${factFolder(folder)}/`)}]`);
  await connection.run(`SET temp_directory = ''`);
  await connection.run('SET enable_external_access = false');
  await connection.run('SET lock_configuration = true');
}

const COLUMNS = 'seq, happened_at, kind, ods, interaction, pseudonym, attributes::JSON AS attributes';
const NOTHING = `SELECT 0::BIGINT AS seq, now()::TIMESTAMP AS happened_at, '' AS kind, '' AS ods, '' AS interaction,
  '' AS pseudonym, '{}'::JSON AS attributes WHERE false`;

/** A file whose beginning another holds is read from there on: no fact counts twice. */
function viewOf(files: readonly CountedFile[]): string {
  const whole = files.filter((file) => file.after < file.from);
  const partial = files.filter((file) => file.after >= file.from);
  const parts = partial.map(
    ({ path, after }) => `SELECT ${COLUMNS} FROM read_parquet(${quoted(path)}) WHERE seq > ${after}`,
  );
  if (whole.length > 0) {
    parts.unshift(`SELECT ${COLUMNS} FROM read_parquet([${whole.map(({ path }) => quoted(path)).join(', ')}])`);
  }
  return parts.length > 0 ? parts.join(' UNION ALL ') : NOTHING;
}

async function ask(connection: DuckDBConnection, sql: string, limits: QueryLimits): Promise<QueryResult> {
  const statements = await connection.extractStatements(sql);
  const statement = statements.count === 1 ? await statements.prepare(0) : undefined;
  if (statement?.statementType !== StatementType.SELECT) {
    throw new HubError('RULE_REFUSED', { faults: [{ path: 'sql', what: 'the lake answers one SELECT at a time' }] });
  }
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    connection.interrupt();
  }, limits.time_ms);
  try {
    const reader = await statement.streamAndReadUntil(limits.rows + 1);
    const rows = reader.getRowsJS().map((row) => row.map(cell));
    requireSmall(rows);
    return { columns: reader.columnNames(), rows: rows.slice(0, limits.rows), truncated: rows.length > limits.rows };
  } catch (error) {
    if (late) throw new HubError('DEADLINE_PASSED', { what: 'the query', within_ms: limits.time_ms }, { cause: error });
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** An answer is read by a person or a page: beyond this it is an extract, and no query's business. */
const MOST_TEXT_characters = 16_000_000;

function requireSmall(rows: readonly (readonly Cell[])[]): void {
  let characters = 0;
  for (const row of rows) for (const value of row) if (typeof value === 'string') characters += value.length;
  if (characters <= MOST_TEXT_characters) return;
  throw new HubError('RULE_REFUSED', {
    faults: [{ path: 'sql', what: `the answer has more than ${MOST_TEXT_characters} characters` }],
  });
}

/** As JSON carries it: whole numbers beyond 2^53 and everything that is neither number, truth nor text as text. */
function cell(value: unknown): Cell {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'bigint':
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
    default:
      if (value === null || value === undefined) return null;
      return value instanceof Date ? value.toISOString() : textOf(value);
  }
}

const textOf = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? String(inner) : inner)) ?? '';

/** A text as an SQL literal. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
