/** What processes cost, as Linux counts it: processor time, memory now and at its most, with everything that they started. */
import { readdirSync, readFileSync } from 'node:fs';

export interface Usage {
  readonly cpu_us: number;
  readonly memory_bytes: number;
  /** Sum of what each process had at its own most. */
  readonly peak_bytes: number;
}

/** proc(5): times are in ticks of 10 ms on every Linux that Node runs on. */
const TICK_us = 10_000;

/** These processes and all below them; those that are gone count nothing but what their parents inherited. */
export function usageOf(...roots: readonly number[]): Usage {
  let cpu_us = 0;
  let memory_bytes = 0;
  let peak_bytes = 0;
  for (const pid of withChildren(roots)) {
    const fields = statOf(`/proc/${pid}/stat`);
    if (fields === undefined) continue;
    // utime, stime, and those of children that ended and were waited for
    for (const field of [11, 12, 13, 14]) cpu_us += Number(fields[field]) * TICK_us;
    const status = readOr(`/proc/${pid}/status`);
    memory_bytes += kilobytes(status, 'VmRSS') * 1024;
    peak_bytes += kilobytes(status, 'VmHWM') * 1024;
  }
  return { cpu_us, memory_bytes, peak_bytes };
}

/** Processor time of each thread of these processes and all below them, by `process/thread`. */
export function threadsOf(...roots: readonly number[]): ReadonlyMap<string, number> {
  const threads = new Map<string, number>();
  for (const pid of withChildren(roots)) {
    for (const thread of entries(`/proc/${pid}/task`)) {
      const fields = statOf(`/proc/${pid}/task/${thread}/stat`);
      if (fields !== undefined) threads.set(`${pid}/${thread}`, (Number(fields[11]) + Number(fields[12])) * TICK_us);
    }
  }
  return threads;
}

function withChildren(roots: readonly number[]): number[] {
  const parents = new Map<number, number[]>();
  for (const entry of entries('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid)) continue;
    const parent = Number(statOf(`/proc/${pid}/stat`)?.[1] ?? 0);
    const siblings = parents.get(parent);
    if (siblings === undefined) parents.set(parent, [pid]);
    else siblings.push(pid);
  }
  const found = [...roots];
  for (const pid of found) found.push(...(parents.get(pid) ?? []));
  return found;
}

/** Fields from the third on: the second is a name that may hold spaces and brackets. */
function statOf(path: string): string[] | undefined {
  const text = readOr(path);
  return text === '' ? undefined : text.slice(text.lastIndexOf(')') + 2).split(' ');
}

const kilobytes = (status: string, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function entries(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
