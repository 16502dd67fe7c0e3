/** A server of somebody else's as a child process: started, waited for, stopped by its pid, and never left behind. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ChildPlan {
  /** For messages, and the name of its log file. */
  readonly name: string;
  readonly command: string;
  readonly arguments: readonly string[];
  readonly folder: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Run as this account where we are root and the program refuses to be. */
  readonly account?: string;
  /** Signals in the order tried, each with the time it gets. */
  readonly stopSignals: readonly { readonly signal: NodeJS.Signals; readonly within_ms: number }[];
}

/** A port of the loopback that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await new Promise<number>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('no address'));
      else resolve(address.port);
    });
  });
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Asks until it does not throw; every wait has an end. */
export async function until(what: string, within_ms: number, ask: () => Promise<void>): Promise<void> {
  const end = Date.now() + within_ms;
  for (;;) {
    try {
      return await ask();
    } catch (cause) {
      if (Date.now() > end) throw new Error(`${what} was not ready within ${within_ms} ms`, { cause });
      await sleep(40);
    }
  }
}

export const isRoot = (): boolean => process.getuid?.() === 0;
const hasSetpriv = (): boolean => existsSync('/usr/bin/setpriv');

/** The command as run under an account, dying with us where the system offers that (setpriv of util-linux). */
export function commandAs(
  account: string | undefined,
  command: string,
  args: readonly string[],
  dieWithUs: boolean,
): [string, string[]] {
  const other = account !== undefined && isRoot() ? account : undefined;
  if (!hasSetpriv()) return other ? ['runuser', ['-u', other, '--', command, ...args]] : [command, [...args]];
  const flags = [
    ...(other ? ['--reuid', other, '--regid', other, '--clear-groups'] : []),
    ...(dieWithUs ? ['--pdeathsig', 'KILL'] : []),
  ];
  return flags.length === 0 ? [command, [...args]] : ['/usr/bin/setpriv', [...flags, '--', command, ...args]];
}

/** Runs a short command to its end; throws with what it wrote when it fails. */
export function runOnce(
  account: string | undefined,
  command: string,
  args: readonly string[],
  environment?: Readonly<Record<string, string>>,
): void {
  const [program, words] = commandAs(account, command, args, false);
  const done = spawnSync(program, words, {
    cwd: '/',
    encoding: 'utf8',
    timeout: 300_000,
    env: { ...process.env, ...environment },
  });
  if (done.status !== 0)
    throw new Error(`${command} failed: ${done.error?.message ?? ''} ${done.stderr} ${done.stdout}`);
}

const alive = new Set<Child>();
const folders = new Set<string>();

/** Removed when the process ends, if not before. */
export function ownFolder(folder: string): void {
  folders.add(folder);
}

export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  folders.delete(folder);
}

/** What is left when the process ends in a hurry: no mercy, no wait. */
function endEverything(): void {
  for (const child of alive) child.killNow();
  for (const folder of folders) removeFolder(folder);
}

let guarded = false;
function guard(): void {
  if (guarded) return;
  guarded = true;
  process.once('exit', endEverything);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      endEverything();
      // With nobody else listening the signal does what it does without us.
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
    });
  }
}

/** Direct children of a process; empty where there is no /proc. */
function childrenOf(pid: number): number[] {
  if (!existsSync('/proc/self/stat')) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid;
      } catch {
        return false;
      }
    })
    .map(Number);
}

export class Child {
  readonly #plan: ChildPlan;
  #process: ChildProcess | undefined;

  constructor(plan: ChildPlan) {
    this.#plan = plan;
  }

  get pid(): number {
    const pid = this.#process?.pid;
    if (pid === undefined) throw new Error(`${this.#plan.name} is not running`);
    return pid;
  }

  get logFile(): string {
    return join(this.#plan.folder, `${this.#plan.name}.out`);
  }

  start(): void {
    guard();
    const [command, words] = commandAs(this.#plan.account, this.#plan.command, this.#plan.arguments, true);
    const log = openSync(this.logFile, 'a');
    const child = spawn(command, words, {
      cwd: this.#plan.folder,
      env: this.#plan.environment ? { ...this.#plan.environment } : process.env,
      // A group of its own: Ctrl-C reaches us alone, and we stop it in order.
      detached: true,
      stdio: ['ignore', log, log],
    });
    child.once('error', () => alive.delete(this));
    child.once('exit', () => alive.delete(this));
    child.unref();
    this.#process = child;
    alive.add(this);
  }

  /** Throws, with the end of its log, when it is no longer running. */
  check(): void {
    if (this.#ended()) throw new Error(`${this.#plan.name} ended: ${readFileSync(this.logFile, 'utf8').slice(-1500)}`);
  }

  #ended(): boolean {
    const child = this.#process;
    return child === undefined || child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
  }

  async #gone(within_ms: number): Promise<boolean> {
    const end = Date.now() + within_ms;
    while (!this.#ended()) {
      if (Date.now() > end) return false;
      await sleep(15);
    }
    return true;
  }

  async stop(): Promise<void> {
    for (const { signal, within_ms } of this.#plan.stopSignals) {
      if (this.#ended()) return;
      this.#process?.kill(signal);
      if (await this.#gone(within_ms)) return;
    }
    await this.kill();
  }

  /** kill -9, with the processes that it started. */
  async kill(): Promise<void> {
    this.killNow();
    if (!(await this.#gone(5_000))) throw new Error(`${this.#plan.name} does not die`);
  }

  killNow(): void {
    const pid = this.#process?.pid;
    if (pid === undefined || this.#ended()) return;
    const offspring = childrenOf(pid);
    for (const id of [pid, ...offspring]) {
      try {
        process.kill(id, 'SIGKILL');
      } catch {
        // gone already
      }
    }
  }
}
