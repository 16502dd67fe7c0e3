/** Records by kind and key with their versions, and the index that finds them. */
import type { RecordWrite } from '../../core/decision.ts';
import { HubError } from '../../core/errors.ts';
import type { FindOptions, StoredRecord } from '../../core/records.ts';

interface Row {
  readonly kind: string;
  readonly key: string;
  /** The key in UTF-8: what records are ordered by, as in the databases. */
  readonly order: Buffer;
  readonly version: number;
  /** JSON, so that nobody's object is shared. */
  readonly text: string;
  readonly indexNames: readonly string[];
}

const LIMIT_MAX = 1_000;
const rowName = (kind: string, key: string): string => JSON.stringify([kind, key]);
const indexName = (kind: string, index: string, value: string): string => JSON.stringify([kind, index, value]);

/** Refuses what a database could not keep as it is: a NUL character in a kind, key, index name or index value. */
function checked(write: RecordWrite): RecordWrite {
  const words = [write.kind, write.key, ...Object.entries(write.indexes ?? {}).flat(2)];
  if (words.some((word) => word.includes('\0'))) throw new HubError('VALUE_INVALID', { what: 'record key or index' });
  return write;
}

export class RecordTable {
  readonly #rows = new Map<string, Row>();
  readonly #kinds = new Map<string, Set<Row>>();
  readonly #indexes = new Map<string, Set<string>>();

  /** The writes as they would be applied, or 'stale'. Changes nothing. Throws HubError VALUE_INVALID. */
  prepare(writes: readonly RecordWrite[]): (() => void)[] | 'stale' {
    const prepared: (() => void)[] = [];
    for (const write of writes) {
      const { kind, key, version, value, indexes = {} } = checked(write);
      if ((this.#rows.get(rowName(kind, key))?.version ?? 0) !== version) return 'stale';
      if (value === null) {
        prepared.push(() => this.#remove(rowName(kind, key)));
        continue;
      }
      const indexNames = Object.entries(indexes).flatMap(([index, values]) =>
        [values].flat().map((each) => indexName(kind, index, each)),
      );
      const row = { kind, key, order: Buffer.from(key), version: version + 1, text: JSON.stringify(value), indexNames };
      prepared.push(() => this.#put(row));
    }
    return prepared;
  }

  get<Value>(kind: string, key: string): StoredRecord<Value> | undefined {
    const row = this.#rows.get(rowName(kind, key));
    return row && read(row);
  }

  find<Value>(kind: string, index: string, value: string, options: FindOptions): StoredRecord<Value>[] {
    const names = this.#indexes.get(indexName(kind, index, value)) ?? [];
    const rows = [...names].map((name) => this.#rows.get(name)).filter((row) => row !== undefined);
    return page(rows, options).map((row) => read<Value>(row));
  }

  list<Value>(kind: string, options: FindOptions): StoredRecord<Value>[] {
    return page([...(this.#kinds.get(kind) ?? [])], options).map((row) => read<Value>(row));
  }

  #put(row: Row): void {
    const name = rowName(row.kind, row.key);
    this.#remove(name);
    this.#rows.set(name, row);
    within(this.#kinds, row.kind).add(row);
    for (const index of row.indexNames) within(this.#indexes, index).add(name);
  }

  #remove(name: string): void {
    const row = this.#rows.get(name);
    if (!row) return;
    this.#rows.delete(name);
    this.#kinds.get(row.kind)?.delete(row);
    for (const index of row.indexNames) {
      const names = this.#indexes.get(index);
      names?.delete(name);
      if (names?.size === 0) this.#indexes.delete(index);
    }
  }
}

function within<Key, Value>(sets: Map<Key, Set<Value>>, key: Key): Set<Value> {
  const known = sets.get(key);
  if (known) return known;
  const set = new Set<Value>();
  sets.set(key, set);
  return set;
}

const read = <Value>({ kind, key, version, text }: Row): StoredRecord<Value> => ({
  kind,
  key,
  version,
  value: JSON.parse(text),
});

function page(rows: Row[], { limit, order = 'ascending', after }: FindOptions): Row[] {
  const sign = order === 'ascending' ? 1 : -1;
  const from = after === undefined ? undefined : Buffer.from(after);
  return rows
    .filter((row) => !from || sign * Buffer.compare(row.order, from) > 0)
    .sort((left, right) => sign * Buffer.compare(left.order, right.order))
    .slice(0, Math.min(limit, LIMIT_MAX));
}
