/** The records that rules read. Gets of the same moment share one statement. */
import type { FindOptions, RecordReader, StoredRecord } from '../../core/records.ts';
import { columnArrays } from './arrays.ts';
import { recordName } from './ledger.ts';
import type { Row, Statement } from './link.ts';
import type { Readers } from './readers.ts';

/** Never more than this in one answer. */
export const LIST_LIMIT = 1_000;
export const capped = (limit: number, most = LIST_LIMIT): number => Math.max(0, Math.min(Math.floor(limit), most));

/** Statements of gets under way at a time: those that wait meanwhile make the next one larger. */
const GETS_IN_FLIGHT = 2;

const GET: Statement = {
  name: 'get',
  text: `select k.n, r.version, r.value from unnest($1::text[], $2::text[]) with ordinality k(kind, key, n)
    join record r on r.kind = k.kind and r.key = k.key`,
};

type Order = 'ascending' | 'descending';

const page = (order: Order, key: string): string =>
  order === 'ascending'
    ? `and ($3::text is null or ${key} > $3) order by ${key} limit $4::bigint`
    : `and ($3::text is null or ${key} < $3) order by ${key} desc limit $4::bigint`;

const FIND: Readonly<Record<Order, Statement>> = { ascending: find('ascending'), descending: find('descending') };
function find(order: Order): Statement {
  return {
    name: `find ${order}`,
    text: `select r.key, r.version, r.value from record_index i join record r on r.kind = i.kind and r.key = i.key
      where i.kind = $1::text and i.name = $2::text and i.value = $5::text ${page(order, 'i.key')}`,
  };
}

const LIST: Readonly<Record<Order, Statement>> = { ascending: list('ascending'), descending: list('descending') };
function list(order: Order): Statement {
  return {
    name: `list ${order}`,
    text: `select r.key, r.version, r.value from record r where r.kind = $1::text and $2::text is null ${page(order, 'r.key')}`,
  };
}

interface Waiting {
  readonly kind: string;
  readonly key: string;
  readonly callers: {
    resolve(record: StoredRecord | undefined): void;
    reject(reason: unknown): void;
  }[];
}

export function createRecordReader(readers: Pick<Readers, 'run'>): RecordReader {
  let waiting = new Map<string, Waiting>();
  let inFlight = 0;
  let scheduled = false;

  function schedule(): void {
    if (scheduled || inFlight >= GETS_IN_FLIGHT || waiting.size === 0) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      const batch = [...waiting.values()];
      waiting = new Map();
      void getAll(batch);
    });
  }

  async function getAll(batch: readonly Waiting[]): Promise<void> {
    inFlight++;
    try {
      const keys = columnArrays(
        ['text', 'text'],
        batch.map(({ kind, key }) => [kind, key]),
      );
      const rows: (Row | undefined)[] = new Array(batch.length);
      for (const row of await readers.run(GET, keys)) rows[Number(row[0]) - 1] = row;
      batch.forEach(({ kind, key, callers }, index) => {
        const row = rows[index];
        // Parsed for each: what one caller does to the value is its own affair.
        for (const { resolve } of callers) {
          resolve(row && { kind, key, version: Number(row[1]), value: JSON.parse(String(row[2])) });
        }
      });
    } catch (thrown) {
      for (const { callers } of batch) for (const { reject } of callers) reject(thrown);
    } finally {
      inFlight--;
      schedule();
    }
  }

  const stored = <Value>(kind: string, rows: readonly Row[]): StoredRecord<Value>[] =>
    rows.map(([key, version, value]) => ({
      kind,
      key: String(key),
      version: Number(version),
      value: JSON.parse(String(value)) as Value,
    }));

  const hasNul = (...texts: readonly (string | undefined)[]): boolean => texts.some((text) => text?.includes('\0'));

  return {
    get<Value>(kind: string, key: string): Promise<StoredRecord<Value> | undefined> {
      if (hasNul(kind, key)) return Promise.resolve(undefined);
      return new Promise((resolve, reject) => {
        const name = recordName(kind, key);
        const caller = { resolve: resolve as (record: StoredRecord | undefined) => void, reject };
        const same = waiting.get(name);
        if (same) same.callers.push(caller);
        else waiting.set(name, { kind, key, callers: [caller] });
        schedule();
      });
    },

    async find<Value>(kind: string, index: string, value: string, options: FindOptions) {
      if (hasNul(kind, index, value, options.after)) return [];
      const { order = 'ascending', after = null, limit } = options;
      return stored<Value>(kind, await readers.run(FIND[order], [kind, index, after, capped(limit), value]));
    },

    async list<Value>(kind: string, options: FindOptions) {
      if (hasNul(kind, options.after)) return [];
      const { order = 'ascending', after = null, limit } = options;
      return stored<Value>(kind, await readers.run(LIST[order], [kind, null, after, capped(limit)]));
    },
  };
}
