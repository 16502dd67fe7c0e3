import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { ERRORS } from '../../core/errors.ts';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/errors.md'), 'utf8');
const rows = [...page.matchAll(/^\| `([A-Z_]+)` \| (\d{3}) \| (\S+) \| (\S+) \| (yes|no) \| (.+) \|$/gm)];

describe('docs/errors.md', () => {
  it('has every code of the table, once', () => {
    expect(rows.map(([, code]) => code).sort()).to.deep.equal(Object.keys(ERRORS).sort());
  });

  it('has no code that the table has not', () => {
    const named = [...page.matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g)].map(([, code]) => code ?? '');
    expect(named.filter((code) => !Object.hasOwn(ERRORS, code))).to.deep.equal([]);
  });

  it('says of each what the table says', () => {
    for (const [, code = '', status, fhir, ebxml, retry, text] of rows) {
      const entry = ERRORS[code as keyof typeof ERRORS];
      expect({ status, fhir, ebxml, retry, text }, code).to.deep.equal({
        status: String(entry.status),
        fhir: entry.fhir,
        ebxml: entry.ebxml,
        retry: entry.retry ? 'yes' : 'no',
        text: entry.text,
      });
    }
  });

  it('is what scripts/write-errors-doc.ts writes', () => {
    const check = () => execFileSync(process.execPath, [join(root, 'scripts/write-errors-doc.ts'), '--check']);
    expect(check).to.not.throw();
  }).timeout(20_000);
});
