/** The lake: facts without identity in Parquet files, written once each, asked in SQL. */
import { type DuckDBConnection, DuckDBInstance, DuckDBTimestampValue } from '@duckdb/node-api';
import type { LakeFact } from './fact.ts';
import {
  counted,
  draftOf,
  type FactFile,
  factFiles,
  factPath,
  makeFolders,
  publish,
  remove,
  size_bytes,
  tidy,
} from './files.ts';
import { type QueryLimits, type QueryResult, queryLake, quoted } from './query.ts';

/** The port: Parquet on this machine's disk (here), or on object storage. */
export interface Lake {
  /** The last fact that it holds; 0 when it is empty. */
  last(): Promise<number>;
  /**
   * Keeps facts, ascending by `seq`, as one file: synced to disk before it resolves, or not there at all. Those that the
   * lake holds already are left out, so that a repeat is harmless. One writer at a time.
   */
  append(facts: readonly LakeFact[]): Promise<void>;
  /**
   * Answers one SELECT over the view `facts` (see query.ts). Throws HubError RULE_REFUSED for another statement, VALUE_INVALID
   * for one that fails, DEADLINE_PASSED for one that takes too long.
   */
  query(sql: string, limits?: Partial<QueryLimits>): Promise<QueryResult>;
  close(): Promise<void>;
}

export interface LakeParts {
  readonly folder: string;
  /** What the writer may take. */
  readonly memory_mb?: number;
  /** Put together once there are so many small files. */
  readonly smallFiles_max?: number;
}

/** A file below this is small: a busy hub writes one every few seconds. */
const SMALL_bytes = 4 * 1024 * 1024;

export function openLake({ folder, memory_mb = 128, smallFiles_max = 60 }: LakeParts): Lake {
  makeFolders(folder);
  let instance: DuckDBInstance | undefined;
  let tidied = false;

  /** Made at the first write: who only asks needs none. */
  async function writer(): Promise<DuckDBConnection> {
    instance ??= await DuckDBInstance.create(':memory:', { threads: '1', memory_limit: `${memory_mb}MB` });
    return instance.connect();
  }

  return {
    last: async () => counted(factFiles(folder)).counted.at(-1)?.to ?? 0,

    async append(facts) {
      if (!tidied) tidy(folder);
      tidied = true;
      const last = counted(factFiles(folder)).counted.at(-1)?.to ?? 0;
      const fresh = facts.filter(({ seq }) => seq > last);
      const [first, final] = [fresh[0], fresh.at(-1)];
      if (!first || !final) return;
      const connection = await writer();
      try {
        await writeFile(connection, folder, fresh, factPath(folder, first.seq, final.seq));
        await compact(connection, folder, smallFiles_max);
      } finally {
        connection.closeSync();
      }
    },

    query: (sql, limits) => queryLake(folder, sql, limits),

    async close() {
      instance?.closeSync();
      instance = undefined;
    },
  };
}

const COLUMNS = `seq BIGINT NOT NULL, happened_at TIMESTAMP NOT NULL, kind VARCHAR NOT NULL, ods VARCHAR NOT NULL,
  interaction VARCHAR NOT NULL, pseudonym VARCHAR, attributes VARCHAR NOT NULL`;
const FORMAT = '(FORMAT parquet, COMPRESSION zstd)';

async function writeFile(
  connection: DuckDBConnection,
  folder: string,
  facts: readonly LakeFact[],
  path: string,
): Promise<void> {
  await connection.run(`CREATE OR REPLACE TABLE batch (${COLUMNS})`);
  const appender = await connection.createAppender('batch');
  try {
    for (const fact of facts) {
      appender.appendBigInt(BigInt(fact.seq));
      appender.appendTimestamp(new DuckDBTimestampValue(BigInt(fact.at) * 1_000n));
      appender.appendVarchar(fact.kind);
      appender.appendVarchar(fact.ods);
      appender.appendVarchar(fact.interaction);
      if (fact.pseudonym === undefined) appender.appendNull();
      else appender.appendVarchar(fact.pseudonym);
      appender.appendVarchar(fact.attributes);
      appender.endRow();
    }
    appender.flushSync();
  } finally {
    appender.closeSync();
  }
  await connection.run(`COPY (SELECT * FROM batch ORDER BY seq) TO ${quoted(draftOf(path))} ${FORMAT}`);
  publish(folder, path);
  await connection.run('DROP TABLE batch');
}

/**
 * Puts the small files at the end together into one that names their whole range. A death in the middle leaves a draft, or
 * the wide file beside those it holds: `counted` leaves the latter out, and the next writer removes them.
 */
async function compact(connection: DuckDBConnection, folder: string, smallFiles_max: number): Promise<void> {
  const small: FactFile[] = [];
  for (const file of counted(factFiles(folder)).counted.reverse()) {
    if (size_bytes(file) >= SMALL_bytes || file.after >= file.from) break;
    small.unshift(file);
  }
  const [first, final] = [small[0], small.at(-1)];
  if (small.length < smallFiles_max || !first || !final) return;
  const path = factPath(folder, first.from, final.to);
  const list = small.map((file) => quoted(file.path)).join(', ');
  await connection.run(
    `COPY (SELECT * FROM read_parquet([${list}]) ORDER BY seq) TO ${quoted(draftOf(path))} ${FORMAT}`,
  );
  publish(folder, path);
  remove(small);
}
