/** The records that rules read: values by kind and key, each with its version, found by the indexes written with it. */

export interface StoredRecord<Value = unknown> {
  readonly kind: string;
  readonly key: string;
  /** 1 for the first write, one more with each. */
  readonly version: number;
  readonly value: Value;
}

export interface FindOptions {
  /** At most this many; never more than 1,000. */
  readonly limit: number;
  /** By key; newest first is 'descending' where keys begin with a time. */
  readonly order?: 'ascending' | 'descending';
  /** Only keys after this one in that order: keyset paging. */
  readonly after?: string;
}

export interface RecordReader {
  get<Value>(kind: string, key: string): Promise<StoredRecord<Value> | undefined>;
  /** Records of a kind whose index has the value. */
  find<Value>(kind: string, index: string, value: string, options: FindOptions): Promise<StoredRecord<Value>[]>;
  /** Every record of a kind, a page at a time, by key. */
  list<Value>(kind: string, options: FindOptions): Promise<StoredRecord<Value>[]>;
}
