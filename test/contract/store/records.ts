/** What the store promises about records: exact values, versions that count, finding by index, pages by key. */
import { expect } from 'chai';
import type { RecordWrite } from '../../../core/decision.ts';
import type { FindOptions } from '../../../core/records.ts';
import type { Store } from '../../../core/store.ts';
import { commitWhole, message, refusal } from './samples.ts';

type Indexes = NonNullable<RecordWrite['indexes']>;
const ODD_KEYS = [
  'A',
  'Z',
  'a',
  '_',
  '%',
  "O'Brien",
  '"quoted"',
  'a/b',
  'a b',
  '',
  'é',
  'z\u0301',
  '\uffee',
  '😀',
  '\\',
];
const byBytes = (keys: readonly string[]): string[] =>
  [...keys].sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));

export function recordPromises(store: () => Store): void {
  let count = 0;
  const writing = (...records: RecordWrite[]) => store().commit(commitWhole(message(++count), { records }));
  const write = (key: string, version: number, value: object | null, indexes?: Indexes): RecordWrite => ({
    kind: 'referral',
    key,
    version,
    value,
    ...(indexes && { indexes }),
  });
  const found = async (index: string, value: string, options: Partial<FindOptions> = {}) =>
    (await store().records.find('referral', index, value, { limit: 100, ...options })).map(({ key }) => key);
  const listed = async (options: Partial<FindOptions> = {}) =>
    (await store().records.list('referral', { limit: 100, ...options })).map(({ key }) => key);

  describe('a record', () => {
    it('is absent before its first write, then has version 1, then one more with each', async () => {
      expect(await store().records.get('referral', 'R1')).to.equal(undefined);
      for (let version = 0; version < 3; version++) await writing(write('R1', version, { step: version }));
      expect(await store().records.get('referral', 'R1')).to.deep.equal({
        kind: 'referral',
        key: 'R1',
        version: 3,
        value: { step: 2 },
      });
    });

    it('is of its kind: the same key under another kind is another record', async () => {
      await writing(write('R1', 0, { a: 1 }), { kind: 'summary', key: 'R1', version: 0, value: { b: 2 } });
      expect((await store().records.get('referral', 'R1'))?.value).to.deep.equal({ a: 1 });
      expect((await store().records.get('summary', 'R1'))?.value).to.deep.equal({ b: 2 });
      expect(await listed()).to.deep.equal(['R1']);
    });

    it('gives its value back exactly', async () => {
      const value = {
        text: 'Zoë “Ångström” 😀 𝒳 e\u0301 \u2028 \u0000 \n\t \\ % \' "',
        'odd name': ['', null, true, 0, -1.5, 1e21, 0.1, 9_007_199_254_740_991],
        nested: { list: [{ deep: [[]] }], empty: {} },
      };
      await writing(write('R1', 0, value));
      expect((await store().records.get('referral', 'R1'))?.value).to.deep.equal(value);
      await writing(write('R2', 0, ['a', { b: 'list' }]));
      expect((await store().records.get('referral', 'R2'))?.value).to.deep.equal(['a', { b: 'list' }]);
    });

    it('does not change with the object that it was written from, nor with the one that was read', async () => {
      const value = { lines: ['first'] };
      await writing(write('R1', 0, value));
      value.lines.push('second');
      const read = await store().records.get<{ lines: string[] }>('referral', 'R1');
      read?.value.lines.push('third');
      expect((await store().records.get('referral', 'R1'))?.value).to.deep.equal({ lines: ['first'] });
    });

    it('can be removed and made again, from version 1', async () => {
      await writing(write('R1', 0, { a: 1 }, { patient: 'P' }));
      await writing(write('R1', 1, { a: 2 }, { patient: 'P' }));
      await writing(write('R1', 2, null));
      expect(await store().records.get('referral', 'R1')).to.equal(undefined);
      expect(await found('patient', 'P')).to.deep.equal([]);
      expect(await listed()).to.deep.equal([]);
      expect((await writing(write('R1', 2, { a: 3 }))).kind).to.equal('stale');
      await writing(write('R1', 0, { a: 3 }));
      expect(await store().records.get('referral', 'R1')).to.deep.include({ version: 1, value: { a: 3 } });
      expect(await found('patient', 'P')).to.deep.equal([]);
    });

    it('may have an odd key', async () => {
      await writing(...ODD_KEYS.map((key) => write(key, 0, { key }, { self: key })));
      for (const key of ODD_KEYS) {
        expect(await store().records.get('referral', key), key).to.deep.include({ key, version: 1, value: { key } });
        expect(await found('self', key), key).to.deep.equal([key]);
      }
    });

    it('is refused with a key, kind or index that holds a NUL character', async () => {
      for (const odd of [write('a\0b', 0, {}), { ...write('a', 0, {}), kind: 'x\0' }, write('a', 0, {}, { i: '\0' })]) {
        expect(await refusal(writing(write('before', 0, {}), odd))).to.equal('VALUE_INVALID');
      }
      expect(await listed()).to.deep.equal([]);
    });
  });

  describe('finding records', () => {
    it('is by any value of an index, of that kind only', async () => {
      await writing(
        write('R1', 0, {}, { patient: 'P', state: ['open', 'urgent'] }),
        write('R2', 0, {}, { patient: 'P', state: 'open' }),
        write('R3', 0, {}, { patient: 'Q', state: [] }),
        { kind: 'summary', key: 'S1', version: 0, value: {}, indexes: { patient: 'P' } },
      );
      expect(await found('patient', 'P')).to.deep.equal(['R1', 'R2']);
      expect(await found('state', 'urgent')).to.deep.equal(['R1']);
      expect(await found('state', 'open')).to.deep.equal(['R1', 'R2']);
      expect(await found('state', 'P')).to.deep.equal([]);
      expect(await found('patient', 'p')).to.deep.equal([]);
      expect(await found('patient', '%')).to.deep.equal([]);
    });

    it('gives version and value with each', async () => {
      await writing(write('R1', 0, { a: 1 }, { patient: 'P' }));
      await writing(write('R1', 1, { a: 2 }, { patient: 'P' }));
      expect(await store().records.find('referral', 'patient', 'P', { limit: 10 })).to.deep.equal([
        { kind: 'referral', key: 'R1', version: 2, value: { a: 2 } },
      ]);
    });

    it('follows the last write: its indexes replace all that were there', async () => {
      await writing(write('R1', 0, {}, { patient: 'P', state: ['open', 'urgent'] }));
      await writing(write('R1', 1, {}, { state: ['closed', 'urgent'] }));
      expect(await found('patient', 'P')).to.deep.equal([]);
      expect(await found('state', 'open')).to.deep.equal([]);
      expect(await found('state', 'closed')).to.deep.equal(['R1']);
      await writing(write('R1', 2, {}));
      expect(await found('state', 'urgent')).to.deep.equal([]);
    });

    it('names a record once, though its index says the value twice', async () => {
      await writing(write('R1', 0, {}, { state: ['open', 'open'] }));
      expect(await found('state', 'open')).to.deep.equal(['R1']);
    });

    it('is in order of the key’s UTF-8 bytes, either way', async () => {
      await writing(...ODD_KEYS.map((key) => write(key, 0, {}, { all: 'yes' })));
      const sorted = byBytes(ODD_KEYS);
      expect(await listed()).to.deep.equal(sorted);
      expect(await found('all', 'yes')).to.deep.equal(sorted);
      expect(await listed({ order: 'descending' })).to.deep.equal([...sorted].reverse());
      expect(await found('all', 'yes', { order: 'descending' })).to.deep.equal([...sorted].reverse());
    });

    it('goes a page at a time, from the key after', async () => {
      await writing(...ODD_KEYS.map((key) => write(key, 0, {}, { all: 'yes' })));
      for (const order of ['ascending', 'descending'] as const) {
        for (const page of [listed, (options: Partial<FindOptions>) => found('all', 'yes', options)]) {
          const keys: string[] = [];
          for (let last: string | undefined; ; ) {
            const next = await page({ limit: 4, order, ...(last !== undefined && { after: last }) });
            keys.push(...next);
            last = next.at(-1);
            if (last === undefined) break;
          }
          expect(keys).to.deep.equal(order === 'ascending' ? byBytes(ODD_KEYS) : byBytes(ODD_KEYS).reverse());
        }
      }
      expect(await listed({ limit: 2, after: 'M' })).to.deep.equal(["O'Brien", 'Z']);
    });

    it('never gives more than 1,000', async () => {
      const many = Array.from({ length: 1_005 }, (_, index) =>
        write(`K${String(index).padStart(5, '0')}`, 0, {}, { all: 'yes' }),
      );
      await writing(...many);
      expect(await listed({ limit: 1e6 })).to.have.length(1_000);
      expect(await found('all', 'yes', { limit: 1e6 })).to.have.length(1_000);
      expect(await listed({ limit: 1e6, after: 'K00999' })).to.have.length(5);
    });
  });
}
