/** What every lake keeps to: facts once, whole or not at all, and questions that can do nothing but ask. */
import { copyFileSync, existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { LakeFact } from '../../pipeline/fact.ts';
import type { Lake } from '../../pipeline/lake.ts';
import { filesIn, newFolder, numbers, refusal, removeFolders, upTo } from './story.ts';

const fact = (seq: number, extra: Partial<LakeFact> = {}): LakeFact => ({
  seq,
  at: Date.parse('2026-03-02T10:00:00.123Z') + seq,
  kind: 'prescription-ordered',
  ods: 'A83008',
  interaction: 'fhir:eps:order',
  pseudonym: 'AAAABBBBCCCCDDDDEEEEFFFFGG',
  attributes: JSON.stringify({ lines: seq % 4, code: `C${seq % 2}` }),
  ...extra,
});

const range = (from: number, to: number): LakeFact[] =>
  Array.from({ length: to - from + 1 }, (_, index) => fact(from + index));

export function lakeContract(name: string, open: (parts: { folder: string; smallFiles_max?: number }) => Lake): void {
  describe(name, () => {
    const lakes: Lake[] = [];
    const start = (folder: string, smallFiles_max?: number): Lake => {
      const lake = open({ folder, ...(smallFiles_max !== undefined && { smallFiles_max }) });
      lakes.push(lake);
      return lake;
    };
    afterEach(async () => {
      await Promise.all(lakes.splice(0).map((lake) => lake.close()));
      removeFolders();
    });

    it('is empty at first, and can be asked all the same', async () => {
      const lake = start(newFolder());
      expect(await lake.last()).to.equal(0);
      expect((await lake.query('SELECT count(*) FROM facts')).rows).to.deep.equal([[0]]);
    });

    it('gives back what it was given, attributes by name', async () => {
      const lake = start(newFolder());
      const { pseudonym: _none, ...nobody } = fact(2, { kind: "it's", attributes: '{"code":"C\\"1"}' });
      await lake.append([fact(1), nobody]);
      const { columns, rows } = await lake.query(
        `SELECT seq, happened_at, kind, ods, interaction, pseudonym, attributes->>'code' AS code FROM facts ORDER BY seq`,
      );
      expect(columns).to.deep.equal(['seq', 'happened_at', 'kind', 'ods', 'interaction', 'pseudonym', 'code']);
      expect(rows).to.deep.equal([
        [
          1,
          '2026-03-02T10:00:00.124Z',
          'prescription-ordered',
          'A83008',
          'fhir:eps:order',
          'AAAABBBBCCCCDDDDEEEEFFFFGG',
          'C1',
        ],
        [2, '2026-03-02T10:00:00.125Z', "it's", 'A83008', 'fhir:eps:order', null, 'C"1'],
      ]);
    });

    it('has each fact once, though it is given again, alone or among new ones', async () => {
      const folder = newFolder();
      const lake = start(folder);
      await lake.append(range(1, 10));
      await lake.append(range(1, 10));
      await lake.append(range(5, 15));
      expect(await numbers(lake)).to.deep.equal(upTo(15));
      expect(await lake.last()).to.equal(15);
      expect(filesIn(folder)).to.deep.equal([
        '0000000000000001-0000000000000010.parquet',
        '0000000000000011-0000000000000015.parquet',
      ]);
    });

    it('has what it had after it was closed and opened', async () => {
      const folder = newFolder();
      const first = start(folder);
      await first.append(range(1, 10));
      await first.close();
      const second = start(folder);
      await second.append(range(11, 20));
      expect(await numbers(second)).to.deep.equal(upTo(20));
    });

    it('knows nothing of a file that was not finished, and removes it at the next write', async () => {
      const folder = newFolder();
      await start(folder).append(range(1, 10));
      const draft = join(folder, 'facts', '0000000000000011-0000000000000020.parquet.draft');
      writeFileSync(draft, 'half of a file');
      const lake = start(folder);
      expect(await lake.last()).to.equal(10);
      expect(await numbers(lake)).to.deep.equal(upTo(10));
      await lake.append(range(11, 20));
      expect(existsSync(draft)).to.equal(false);
      expect(await numbers(lake)).to.deep.equal(upTo(20));
    });

    it('puts many small files together without a fact lost or doubled', async () => {
      const folder = newFolder();
      const lake = start(folder, 5);
      for (let batch = 0; batch < 12; batch++) {
        await lake.append(range(batch * 10 + 1, batch * 10 + 10));
        expect(await numbers(lake), `after batch ${batch}`).to.deep.equal(upTo((batch + 1) * 10));
      }
      expect(filesIn(folder)).to.have.length.below(6);
    });

    it('counts nothing twice where it died between putting files together and removing them', async () => {
      const folder = newFolder();
      const lake = start(folder, 3);
      const part = (from: number, to: number): string =>
        join(folder, 'facts', `${String(from).padStart(16, '0')}-${String(to).padStart(16, '0')}.parquet`);
      await lake.append(range(1, 10));
      await lake.append(range(11, 20));
      for (const path of [part(1, 10), part(11, 20)]) copyFileSync(path, join(folder, path.split('/').at(-1) ?? ''));
      await lake.append(range(21, 30));
      expect(filesIn(folder)).to.deep.equal(['0000000000000001-0000000000000030.parquet']);
      for (const path of [part(1, 10), part(11, 20)]) renameSync(join(folder, path.split('/').at(-1) ?? ''), path);

      const next = start(folder, 3);
      expect(await numbers(next)).to.deep.equal(upTo(30));
      await next.append(range(31, 31));
      expect(await numbers(next)).to.deep.equal(upTo(31));
      expect(filesIn(folder)).to.have.length(2);
    });

    it('reads a file that begins inside another from where the other ends', async () => {
      const folder = newFolder();
      const other = newFolder();
      await start(folder).append(range(1, 10));
      await start(other).append(range(6, 15));
      const name = '0000000000000006-0000000000000015.parquet';
      copyFileSync(join(other, 'facts', name), join(folder, 'facts', name));
      const lake = start(folder);
      expect(await numbers(lake)).to.deep.equal(upTo(15));
      expect(await lake.last()).to.equal(15);
    });

    it('answers a question and does nothing else', async () => {
      const folder = newFolder();
      const lake = start(folder);
      await lake.append(range(1, 10));
      const outside = join(newFolder(), 'out');
      writeFileSync(outside, 'secret');
      for (const sql of [
        'DROP VIEW facts',
        `COPY facts TO '${outside}.csv'`,
        `COPY (SELECT 1) TO '${join(folder, 'facts')}/evil.parquet'`,
        `ATTACH '${outside}.db'`,
        'INSTALL httpfs',
        "SET memory_limit = '100GB'",
        'SELECT 1; DROP VIEW facts',
        'SELECT 1; SELECT 2',
        'EXPLAIN ANALYZE SELECT 1',
        'CREATE TABLE t AS SELECT 1',
        '',
      ]) {
        expect(await refusal(lake.query(sql)), sql).to.be.oneOf(['RULE_REFUSED', 'VALUE_INVALID']);
      }
      for (const sql of [
        `SELECT * FROM read_text('${outside}')`,
        `SELECT * FROM read_csv('/etc/passwd')`,
        `SELECT * FROM '${outside}'`,
        `SELECT * FROM glob('/etc/*')`,
        "SELECT * FROM read_parquet('https://127.0.0.1:9/x.parquet')",
        'SELECT no_such_column FROM facts',
        'SELEC',
      ]) {
        expect(await refusal(lake.query(sql)), sql).to.equal('VALUE_INVALID');
      }
      expect(existsSync(`${outside}.csv`)).to.equal(false);
      expect(filesIn(folder)).to.have.length(1);
      expect(await numbers(lake)).to.deep.equal(upTo(10));
    });

    it('ends a question that takes too long, too much memory or too many rows', async () => {
      const lake = start(newFolder());
      const endless = 'SELECT count(*) FROM range(1000000000000) WHERE range % 7 = 8';
      expect(await refusal(lake.query(endless, { time_ms: 200 }))).to.equal('DEADLINE_PASSED');
      const large = "SELECT list(repeat('x', 1000) || range) FROM range(10000000)";
      expect(await refusal(lake.query(large, { memory_mb: 64 }))).to.equal('VALUE_INVALID');
      const many = await lake.query('SELECT range FROM range(100000)', { rows: 5 });
      expect([many.rows, many.truncated]).to.deep.equal([[[0], [1], [2], [3], [4]], true]);
      expect((await lake.query('SELECT range FROM range(5)', { rows: 5 })).truncated).to.equal(false);
    });

    it('answers in values that JSON carries', async () => {
      const lake = start(newFolder());
      const sql =
        "SELECT 9007199254740993 AS big, 'NaN'::DOUBLE AS nan, 1.5::DECIMAL(4,2) AS decimal, [1,2] AS list, NULL AS nothing";
      const { rows } = await lake.query(sql);
      expect(JSON.parse(JSON.stringify(rows))).to.deep.equal(rows);
      expect(rows[0]?.[0]).to.equal('9007199254740993');
      expect(rows[0]?.[4]).to.equal(null);
    });
  });
}
