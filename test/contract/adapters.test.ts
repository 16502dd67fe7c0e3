/** Every adapter that ships keeps the contract of adapters; a new one in the registry is tested here by itself. */
import { existsSync } from 'node:fs';
import { adapters } from '../../adapters/registry.ts';
import type { MessageExample } from '../../examples/example.ts';
import { adapterContract } from './adapter-suite.ts';
import { testCatalogue } from './catalogue.ts';

const stories = new Map<string, readonly MessageExample[]>();
for (const { name } of adapters) {
  const file = new URL(`../../examples/${name}/examples.ts`, import.meta.url);
  const told: { contractExamples?: readonly MessageExample[] } = existsSync(file) ? await import(file.href) : {};
  stories.set(name, told.contractExamples ?? []);
}

describe('the contract of adapters', () => {
  const catalogue = testCatalogue();
  after(() => catalogue.dispose());
  for (const adapter of adapters) adapterContract(adapter, stories.get(adapter.name) ?? [], catalogue);
});
