/** Where a process spent its time: what stands at the top of the profiles that Node wrote, one list for each thread. */
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

/** Threads that did next to nothing are left out. */
const LEAST_BUSY_us = 500_000;
const NOT_BUSY: ReadonlySet<string> = new Set(['(idle)', '(root)']);
const root = join(import.meta.dirname, '..');

/**
 * Busy time counts a thread that waits inside a call, such as a sync to disk, as busy.
 * @param most functions of each thread, by the time in themselves, and of ours by the time in them and below
 */
export function topOf(folder: string, most: number): string {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.cpuprofile'))
    .map((name) => ({ name, ...readProfile(JSON.parse(readFileSync(join(folder, name), 'utf8')) as Profile) }))
    .filter(({ busy_us }) => busy_us >= LEAST_BUSY_us)
    .map(({ name, busy_us, self, whole }) => {
      const lines = (times: ReadonlyMap<string, number>): string[] => top(times, busy_us, most);
      const seconds = (busy_us / 1e6).toFixed(1);
      return [`${name}: ${seconds} s busy`, ' in itself', ...lines(self), ' with what it calls', ...lines(whole)].join(
        '\n',
      );
    })
    .join('\n\n');
}

const top = (times: ReadonlyMap<string, number>, busy_us: number, most: number): string[] =>
  [...times]
    .sort(([, one], [, other]) => other - one)
    .slice(0, most)
    .map(([name, spent_us]) => `${((spent_us / busy_us) * 100).toFixed(1).padStart(6)}%  ${name}`);

function readProfile({ nodes, samples, timeDeltas }: Profile) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const own = new Map<number, number>();
  const self = new Map<string, number>();
  const whole = new Map<string, number>();
  let busy_us = 0;
  samples.forEach((id, index) => {
    const node = byId.get(id);
    const spent_us = timeDeltas[index] ?? 0;
    if (node === undefined || NOT_BUSY.has(nameOf(node))) return;
    busy_us += spent_us;
    own.set(id, (own.get(id) ?? 0) + spent_us);
    add(self, nameOf(node), spent_us);
  });

  /** Time in a node and below; a function counts once however often it is on the stack. */
  function below(node: ProfileNode, above: readonly string[]): number {
    const name = nameOf(node);
    let spent_us = own.get(node.id) ?? 0;
    for (const id of node.children ?? []) {
      const child = byId.get(id);
      if (child !== undefined) spent_us += below(child, [...above, name]);
    }
    if (node.callFrame.url.startsWith('file:') && !above.includes(name)) add(whole, name, spent_us);
    return spent_us;
  }
  const [first] = nodes;
  if (first !== undefined) below(first, []);
  return { busy_us, self, whole };
}

const add = (times: Map<string, number>, name: string, spent_us: number): void => {
  times.set(name, (times.get(name) ?? 0) + spent_us);
};

function nameOf({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  if (url.startsWith('wasm:')) return '(WebAssembly)';
  const name = functionName === '' ? '(anonymous)' : functionName;
  return url === '' ? name : `${name}  ${url.replace('file://', '').replace(root, '')}:${lineNumber + 1}`;
}
