/** The patient's stand-in, the key it is made with, and what a fact may carry besides. */
import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { isNhsNumber, nhsNumberCheckDigit } from '../../core/identifiers.ts';
import { deidentify, mayHoldPatient, WITHHELD } from '../../pipeline/fact.ts';
import { createPseudonymiser, openRootKey } from '../../pipeline/pseudonym.ts';
import { newFolder, PATIENTS, removeFolders } from './story.ts';

const [patient] = PATIENTS;
const key = new Uint8Array(32).fill(7);

describe('a pseudonym', () => {
  it('is the same for the same patient in one lake, and another for anybody else', () => {
    const pseudonymise = createPseudonymiser(key, 'facts');
    expect(pseudonymise(patient)).to.equal(createPseudonymiser(key, 'facts')(patient));
    expect(pseudonymise(patient)).to.match(/^[A-Z2-7]{26}$/);
    expect(new Set(PATIENTS.map(pseudonymise)).size).to.equal(PATIENTS.length);
  });

  it('is another in another lake and under another key', () => {
    const here = createPseudonymiser(key, 'facts')(patient);
    expect(createPseudonymiser(key, 'research')(patient)).not.to.equal(here);
    expect(createPseudonymiser(new Uint8Array(32).fill(8), 'facts')(patient)).not.to.equal(here);
  });

  it('is the one that other tools make by the same rule', () => {
    // HKDF-SHA-256 (no salt, info vertebra/lake/facts/patient/1), HMAC-SHA-256 of the digits, 16 bytes, RFC 4648 base 32.
    expect(createPseudonymiser(key, 'facts')(patient)).to.equal('5HEVAIOKF54WLD72RC3LWTBFWQ');
  });

  it('is not made with a short key', () => {
    expect(() => createPseudonymiser(new Uint8Array(16), 'facts')).to.throw(/16 bytes/);
  });
});

describe('the root key', () => {
  after(removeFolders);

  it('is made once, for its owner alone, and stays the same', () => {
    const folder = newFolder();
    const file = join(folder, 'lake.key');
    const made = openRootKey(file);
    expect(made).to.have.length(32);
    expect(statSync(file).mode & 0o777).to.equal(0o600);
    expect(Buffer.from(openRootKey(file)).equals(Buffer.from(made))).to.equal(true);
    expect(readdirSync(folder)).to.deep.equal(['lake.key']);
  });

  it('is refused when others can read it, or when it is no key', () => {
    const file = join(newFolder(), 'lake.key');
    openRootKey(file);
    chmodSync(file, 0o640);
    expect(() => openRootKey(file)).to.throw(/read by others/);
    const short = join(newFolder(), 'lake.key');
    writeFileSync(short, 'short', { mode: 0o600 });
    expect(() => openRootKey(short)).to.throw(/5 bytes/);
  });
});

describe('a fact on its way to the lake', () => {
  const pseudonymise = createPseudonymiser(key, 'facts');
  const fact = { seq: 1, at: 0, kind: 'k', ods: 'A', interaction: 'fhir:a:b', patient, attributes: {} };

  it('loses its patient and keeps its codes and counts', () => {
    const { attributes, pseudonym, ...rest } = deidentify(
      { ...fact, attributes: { plan: 'CPP', count: 3 } },
      pseudonymise,
    );
    expect(JSON.parse(attributes)).to.deep.equal({ plan: 'CPP', count: 3 });
    expect(pseudonym).to.equal(pseudonymise(patient));
    expect(JSON.stringify(rest)).not.to.contain(patient);
  });

  it('withholds a value that holds an NHS number, however it is written, and one that is no code', () => {
    const attributes = {
      plain: patient,
      number: Number(patient),
      spaced: `no ${patient.slice(0, 3)} ${patient.slice(3, 6)} ${patient.slice(6)}`,
      inside: `x00${patient}00x`,
      text: 'word '.repeat(30),
      code: '764841000000100',
      [`name ${patient}`]: 'x',
    };
    expect(JSON.parse(deidentify({ ...fact, attributes }, pseudonymise).attributes)).to.deep.equal({
      plain: WITHHELD,
      number: WITHHELD,
      spaced: WITHHELD,
      inside: WITHHELD,
      text: WITHHELD,
      code: holdsNumber('764841000000100') ? WITHHELD : '764841000000100',
    });
  });

  it('never carries a valid NHS number through, wherever it stands', () => {
    const numbers = fc
      .integer({ min: 100_000_000, max: 999_999_999 })
      .map((nine) => `${nine}${nhsNumberCheckDigit(String(nine)) ?? 'x'}`)
      .filter(isNhsNumber);
    fc.assert(
      fc.property(fc.string({ maxLength: 20 }), numbers, fc.string({ maxLength: 20 }), (before, number, after) => {
        expect(mayHoldPatient(`${before}${number}${after}`)).to.equal(true);
      }),
    );
  });
});

/** By the definition: ten digits in a row that are a number. */
function holdsNumber(digits: string): boolean {
  return Array.from({ length: digits.length - 9 }, (_, from) => digits.slice(from, from + 10)).some(isNhsNumber);
}
