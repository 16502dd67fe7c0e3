/** Where a process spent its time: the functions at the top of the profiles that Node wrote, one list for each thread. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}
interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** @param most functions of each thread */
export function topOf(folder: string, most: number): string {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.cpuprofile'))
    .map((name) => {
      const { busy_us, lines } = readProfile(JSON.parse(readFileSync(join(folder, name), 'utf8')) as Profile, most);
      return `${name}: ${(busy_us / 1e6).toFixed(1)} s busy\n${lines.join('\n')}`;
    })
    .join('\n\n');
}

function readProfile({ nodes, samples, timeDeltas }: Profile, most: number): { busy_us: number; lines: string[] } {
  const names = new Map(nodes.map((node) => [node.id, nameOf(node)]));
  const self = new Map<string, number>();
  let busy_us = 0;
  samples.forEach((id, index) => {
    const name = names.get(id) ?? '';
    if (name === '(idle)' || name === '(root)') return;
    const spent_us = timeDeltas[index] ?? 0;
    busy_us += spent_us;
    self.set(name, (self.get(name) ?? 0) + spent_us);
  });
  const lines = [...self]
    .sort(([, one], [, other]) => other - one)
    .slice(0, most)
    .map(([name, spent_us]) => `${((spent_us / busy_us) * 100).toFixed(1).padStart(6)}%  ${name}`);
  return { busy_us, lines };
}

function nameOf({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (url === '') return name;
  return `${name}  ${url.replace(/^file:\/\//, '').replace(join(import.meta.dirname, '/..'), '')}:${lineNumber + 1}`;
}
