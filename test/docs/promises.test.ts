import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';

const docs = join(import.meta.dirname, '../../docs');
const sections = readFileSync(join(docs, 'promises.md'), 'utf8')
  .split(/^## /m)
  .slice(1)
  .map((text) => ({
    title: text.split('\n')[0] ?? '',
    evidence: [...text.matchAll(/^- \[(.+)\]\((.+)\): "(.+)"$/gm)].map(([, name = '', link = '', test = '']) => ({
      name,
      link,
      test,
    })),
  }));

describe('docs/promises.md', () => {
  it('states the seven promises', () => {
    expect(sections.map(({ title }) => title.slice(0, 2))).to.deep.equal(['P1', 'P2', 'P3', 'P4', 'P5', 'P6', 'P7']);
  });

  for (const { title, evidence } of sections.slice(0, 6)) {
    it(`shows by tests that are there: ${title}`, () => {
      expect(evidence.length).to.be.greaterThan(2);
      for (const { name, link, test } of evidence) {
        const file = join(docs, link);
        expect(link).to.equal(`../${name}`);
        expect(existsSync(file), name).to.equal(true);
        const declared = readFileSync(file, 'utf8').replaceAll(/\s+/g, ' ');
        expect(declared, `${name} has a test of this name`).to.match(
          new RegExp(`\\bit\\(\\s?['"\`]${test.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`),
        );
      }
    });
  }
});
