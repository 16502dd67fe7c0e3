import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { readConfig, SETTINGS_TABLE } from '../../config.ts';

const root = join(import.meta.dirname, '../..');
const read = (name: string): string => readFileSync(join(root, 'deploy', name), 'utf8');
const examples = [...read('environment.example').matchAll(/^#(HUB_\w+)=(.*)$/gm)].map(([, name = '', value = '']) => ({
  name,
  value,
}));

describe('deploy/environment.example', () => {
  it('names every setting of the hub, and no other', () => {
    expect(examples.map(({ name }) => name).sort()).to.deep.equal(
      SETTINGS_TABLE.map(({ variable }) => variable).sort(),
    );
  });

  it('shows the default of every setting that has one', () => {
    const shown = new Map(examples.map(({ name, value }) => [name, value]));
    for (const { variable, fallback } of SETTINGS_TABLE) {
      if (fallback !== undefined && fallback !== '') expect(shown.get(variable), variable).to.equal(fallback);
    }
  });

  it('holds values that the hub would start with', () => {
    expect(() => readConfig(Object.fromEntries(examples.map(({ name, value }) => [name, value])))).to.not.throw();
  });
});

describe('the files that start a hub', () => {
  it('set no variable that the hub does not know', () => {
    const known = new Set(SETTINGS_TABLE.map(({ variable }) => variable));
    for (const file of ['vertebra.service', 'compose.yaml', 'Dockerfile']) {
      const named = [...read(file).matchAll(/\b(HUB_\w+)/g)].map(([, name = '']) => name);
      expect(
        named.filter((name) => !known.has(name)),
        file,
      ).to.deep.equal([]);
    }
  });

  it('let it stop in its own time', () => {
    const stop_s = Number(SETTINGS_TABLE.find(({ variable }) => variable === 'HUB_STOP_WITHIN_ms')?.fallback) / 1_000;
    expect(Number(/TimeoutStopSec=(\d+)/.exec(read('vertebra.service'))?.[1])).to.be.greaterThan(2 * stop_s);
    expect(Number(/stop_grace_period: (\d+)s/.exec(read('compose.yaml'))?.[1])).to.be.greaterThan(2 * stop_s);
  });
});
