/** Whoever changes the trail afterwards, in whatever way, is seen. */
import { generateKeyPairSync } from 'node:crypto';
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import type { DatabaseSync } from 'node:sqlite';
import { expect } from 'chai';
import { digestOf, headsPath, keyName, publicKeyPath, readHeadsText, signHead } from '../../audit/heads-file.ts';
import { verifyTrail } from '../../audit/verify.ts';
import { type AuditLine, CHAIN_START, lineFromText, lineText, textHash } from '../../core/audit-chain.ts';
import { signedTrail, type Tampered } from './trail.ts';

type Row = { seq: number; patient: string | null; line: string; hash: string };
const rows = (database: DatabaseSync): Row[] =>
  database.prepare('SELECT seq, patient, line, hash FROM audit ORDER BY seq').all() as unknown as Row[];
const put = (database: DatabaseSync, row: Row): void => {
  database
    .prepare('INSERT OR REPLACE INTO audit (seq, patient, line, hash) VALUES (?, ?, ?, ?)')
    .run(row.seq, row.patient, row.line, row.hash);
};
const rowAt = (database: DatabaseSync, seq: number): Row => {
  const row = rows(database).find((one) => one.seq === seq);
  if (row === undefined) throw new Error(`no line ${seq}`);
  return row;
};
/** Makes every hash right again, as one would who knows how the chain is made. */
const rechain = (database: DatabaseSync): void => {
  let previous = CHAIN_START;
  for (const row of rows(database)) {
    previous = textHash(previous, row.line);
    put(database, { ...row, hash: previous });
  }
};
const edited = (row: Row): Row => ({
  ...row,
  line: lineText({ ...lineFromText(row.line, row.hash), user: 'somebody else' }),
});

describe('the verification of the audit trail', () => {
  let trail: Tampered;
  beforeEach(async () => {
    trail = await signedTrail();
  });
  afterEach(() => trail.remove());

  const problemsAfter = async (work: (database: DatabaseSync) => void): Promise<number[]> => {
    trail.sql(work);
    const { ok, problems } = await trail.verify();
    expect(ok).to.equal(problems.length === 0);
    return problems.map(({ seq }) => seq);
  };

  it('finds nothing in a trail that nobody touched, and says what no head covers yet', async () => {
    const { notes, ...found } = await trail.verify();
    expect(found).to.deep.equal({ ok: true, lines: 12, heads: 2, signed: 10, problems: [] });
    expect(notes).to.have.length(1);
    expect(notes[0]).to.match(/^2 lines after the last signed head/);
  });

  it('finds an edited line', async () => {
    expect(await problemsAfter((database) => put(database, edited(rowAt(database, 7))))).to.deep.equal([7]);
  });

  it('finds an edited line whose own hash was made right again', async () => {
    const found = await problemsAfter((database) => {
      const row = edited(rowAt(database, 7));
      put(database, { ...row, hash: textHash(rowAt(database, 6).hash, row.line) });
    });
    expect(found).to.deep.equal([8]);
  });

  it('finds an edited line though every hash after it was made right again, because the heads differ', async () => {
    const found = await problemsAfter((database) => {
      put(database, edited(rowAt(database, 3)));
      rechain(database);
    });
    expect(found).to.deep.equal([5, 10]);
  });

  it('finds a removed line', async () => {
    expect(await problemsAfter((database) => database.exec('DELETE FROM audit WHERE seq = 4'))).to.deep.equal([4]);
  });

  it('finds removed lines though the rest moved up and every hash was made right again', async () => {
    const found = await problemsAfter((database) => {
      const kept = rows(database).filter(({ seq }) => seq !== 4);
      database.exec('DELETE FROM audit');
      kept.forEach((row, index) => {
        const line = lineText({ ...lineFromText(row.line, row.hash), seq: index + 1 });
        put(database, { ...row, seq: index + 1, line });
      });
      rechain(database);
    });
    expect(found).to.deep.equal([5, 10]);
  });

  it('finds a first line that was removed', async () => {
    expect(await problemsAfter((database) => database.exec('DELETE FROM audit WHERE seq = 1'))).to.deep.equal([1]);
  });

  it('finds two lines that changed places', async () => {
    const found = await problemsAfter((database) => {
      const [six, seven] = [rowAt(database, 6), rowAt(database, 7)];
      put(database, { ...seven, seq: 6 });
      put(database, { ...six, seq: 7 });
    });
    expect(found).to.include(6);
  });

  it('finds two lines that changed places and took each other’s numbers', async () => {
    const found = await problemsAfter((database) => {
      const [six, seven] = [rowAt(database, 6), rowAt(database, 7)];
      const numbered = (row: Row, seq: number) => ({
        ...row,
        seq,
        line: lineText({ ...lineFromText(row.line, row.hash), seq }),
      });
      put(database, numbered(seven, 6));
      put(database, numbered(six, 7));
    });
    expect(found).to.deep.equal([6, 7, 8]);
  });

  it('finds a trail cut short of a signed head', async () => {
    expect(await problemsAfter((database) => database.exec('DELETE FROM audit WHERE seq > 8'))).to.deep.equal([10]);
    trail.sql((database) => database.exec('DELETE FROM audit'));
    expect((await trail.verify()).problems.map(({ seq }) => seq)).to.deep.equal([5, 10]);
  });

  it('finds a line that was slipped in at the end without the chain’s hash', async () => {
    const found = await problemsAfter((database) => {
      const row = rowAt(database, 12);
      put(database, { ...row, seq: 13, line: lineText({ ...lineFromText(row.line, row.hash), seq: 13 }) });
    });
    expect(found).to.deep.equal([13]);
  });

  it('names a line that cannot be read any more, and goes on behind it', async () => {
    const found = await problemsAfter((database) => {
      put(database, { ...rowAt(database, 7), line: '["broken' });
      put(database, edited(rowAt(database, 11)));
    });
    expect(found).to.deep.equal([7, 11]);
  });

  it('is not led past lines by a number that was changed', async () => {
    const found = await problemsAfter((database) => {
      const row = rowAt(database, 12);
      put(database, { ...row, line: lineText({ ...lineFromText(row.line, row.hash), seq: 1_000_000 }) });
      put(database, { ...rowAt(database, 2), hash: 'f'.repeat(64) });
    });
    expect(found).to.include.members([2, 3, 12]);
  });

  it('reports each line read, and rejects where the store fails instead of calling it a change', async () => {
    const steps: number[] = [];
    const line = (seq: number): AuditLine =>
      lineFromText(`[${seq},0,null,null,null,null,null,null,"a","success",null,null,null,null]`, '');
    await verifyTrail({
      lines: async (after, limit) =>
        after < 1_200 ? Array.from({ length: limit }, (_, i) => line(after + i + 1)) : [],
      heads: { entries: [], torn: false, publicKeyPem: undefined },
      onProgress: (lines) => steps.push(lines),
    });
    expect(steps).to.deep.equal([500, 1_000, 1_500]);
    const gone = verifyTrail({
      lines: () => Promise.reject(new Error('store away')),
      heads: { entries: [], torn: false, publicKeyPem: undefined },
    });
    expect(await gone.then(String, String)).to.equal('Error: store away');
  });

  describe('of the heads', () => {
    const lines = async (): Promise<string[]> =>
      (await readFile(headsPath(trail.headsFolder), 'utf8')).trimEnd().split('\n');
    const problems = async (): Promise<string[]> => (await trail.verify()).problems.map(({ what }) => what);

    it('finds one whose signature is not good', async () => {
      const [first = '', second = ''] = await lines();
      const forged = { ...JSON.parse(second), hash: 'a'.repeat(64) };
      await writeFile(headsPath(trail.headsFolder), `${first}\n${JSON.stringify(forged)}\n`);
      expect(await problems()).to.satisfy((what: string[]) => what.some((text) => text.includes('signature')));
    });

    it('finds one that another key signed, though that key was put beside it', async () => {
      const { privateKey, publicKey } = generateKeyPairSync('ed25519');
      const pinned = await readFile(publicKeyPath(trail.headsFolder), 'utf8');
      let previous = '';
      const signed = (await lines()).map((line) => {
        const { signature: _, ...head } = JSON.parse(line);
        const text = JSON.stringify(signHead({ ...head, previous, key: keyName(publicKey) }, privateKey));
        previous = digestOf(text);
        return text;
      });
      await writeFile(headsPath(trail.headsFolder), `${signed.join('\n')}\n`);
      const publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
      await writeFile(publicKeyPath(trail.headsFolder), publicKeyPem);
      expect((await trail.verify()).ok, 'all of it was replaced').to.equal(true);
      expect((await trail.verify({ publicKeyPem: pinned })).ok, 'the key was kept elsewhere').to.equal(false);
    });

    it('finds one that was removed from the beginning or changed places', async () => {
      const [first = '', second = ''] = await lines();
      await writeFile(headsPath(trail.headsFolder), `${second}\n`);
      expect(await problems()).to.have.length(1);
      await writeFile(headsPath(trail.headsFolder), `${second}\n${first}\n`);
      expect(await problems()).to.have.length.greaterThan(1);
    });

    it('finds a line of the file that is no head', async () => {
      await appendFile(headsPath(trail.headsFolder), '{"seq":"x"}\n');
      expect(await problems()).to.deep.equal(['line 3 of heads.jsonl cannot be read']);
    });

    it('finds a missing public key', async () => {
      await rm(publicKeyPath(trail.headsFolder));
      expect(await problems()).to.have.length(1);
    });

    it('finds, with a copy kept elsewhere, that trail and heads were both cut', async () => {
      const kept = await readFile(headsPath(trail.headsFolder), 'utf8');
      const [first = ''] = await lines();
      await writeFile(headsPath(trail.headsFolder), `${first}\n`);
      trail.sql((database) => database.exec('DELETE FROM audit WHERE seq > 6'));
      expect((await trail.verify()).ok, 'which nothing in the folder can show').to.equal(true);
      const { ok, problems: found } = await trail.verify({ copy: readHeadsText(kept) });
      expect(ok).to.equal(false);
      expect(found.map(({ seq }) => seq)).to.deep.equal([10, 10]);
    });

    it('says so where there are none', async () => {
      await rm(headsPath(trail.headsFolder));
      const { ok, notes } = await trail.verify();
      expect([ok, notes.length]).to.deep.equal([true, 1]);
    });
  });
});
