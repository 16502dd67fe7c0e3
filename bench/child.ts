/** A process of its own for each part of a measurement: asked by messages, ended by its pid, never left behind. */
import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a process of the bench answers, by the name of the question. */
export type Questions = Readonly<Record<string, (input: never) => unknown>>;
type Input<Asked> = Asked extends (input: infer Given) => unknown ? Given : never;
type Output<Asked> = Asked extends (input: never) => infer Given ? Awaited<Given> : never;

export interface Child<Asked extends Questions> {
  readonly pid: number;
  /** Rejects when the process fails, ends, or does not answer in time. */
  ask<Name extends keyof Asked & string>(
    name: Name,
    input: Input<Asked[Name]>,
    within_ms?: number,
  ): Promise<Output<Asked[Name]>>;
  /** Lets it end by itself, and after `within_ms` ends it. */
  stop(within_ms?: number): Promise<void>;
}

export interface ChildOptions {
  /** Its output goes to a file here, and its last lines into the error when it fails. */
  readonly folder: string;
  readonly nodeOptions?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

interface Question {
  readonly number: number;
  readonly name: string;
  readonly input: unknown;
}
interface Reply {
  readonly number: number;
  readonly value?: unknown;
  readonly failure?: string;
}

const STOP_WITHIN_ms = 10_000;
const ANSWER_WITHIN_ms = 30_000;
let started = 0;

/** @param name a file of this folder, without its ending, that calls `answering` */
export function startChild<Asked extends Questions>(name: string, options: ChildOptions): Child<Asked> {
  const output = join(options.folder, `${name}-${++started}.out`);
  const descriptor = openSync(output, 'a');
  const child = fork(join(import.meta.dirname, `${name}.ts`), [], {
    serialization: 'advanced',
    execArgv: ['--disable-warning=ExperimentalWarning', ...(options.nodeOptions ?? [])],
    env: { ...process.env, ...options.environment },
    stdio: ['ignore', descriptor, descriptor, 'ipc'],
  });
  closeSync(descriptor);
  const waiting = new Map<number, { resolve(value: never): void; reject(error: Error): void }>();
  let asked = 0;
  let ended = false;
  const failed = (what: string): void => {
    ended = true;
    for (const { reject } of waiting.values())
      reject(new Error(`${name} ${what}: ${readFileSync(output, 'utf8').slice(-2_000)}`));
    waiting.clear();
  };
  child.once('error', (error) => failed(error.message));
  child.once('exit', (code, signal) => failed(`ended (${signal ?? code})`));
  child.on('message', ({ number, value, failure }: Reply) => {
    const asker = waiting.get(number);
    waiting.delete(number);
    if (failure === undefined) asker?.resolve(value as never);
    else asker?.reject(new Error(`${name}: ${failure}`));
  });

  return {
    pid: child.pid ?? 0,
    ask(question, input, within_ms = ANSWER_WITHIN_ms) {
      return new Promise((resolve, reject) => {
        if (ended) {
          reject(new Error(`${name} is not running: ${readFileSync(output, 'utf8').slice(-2_000)}`));
          return;
        }
        const number = ++asked;
        const late = setTimeout(() => {
          waiting.delete(number);
          reject(new Error(`${name} did not answer ${question} within ${within_ms} ms`));
        }, within_ms);
        waiting.set(number, {
          resolve: (value) => {
            clearTimeout(late);
            resolve(value);
          },
          reject: (error) => {
            clearTimeout(late);
            reject(error);
          },
        });
        child.send({ number, name: question, input } satisfies Question);
      });
    },
    stop: (within_ms = STOP_WITHIN_ms) => stop(child, within_ms),
  };
}

async function stop(child: ChildProcess, within_ms: number): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const late = setTimeout(() => child.kill('SIGKILL'), within_ms);
  if (child.connected) child.disconnect();
  await gone;
  clearTimeout(late);
}

/** In the child: answers questions one after the other, and ends with its parent. */
export function answering(questions: Questions, onEnd: () => Promise<void> | void = () => undefined): void {
  let last: Promise<unknown> = Promise.resolve();
  const answer = async ({ number, name, input }: Question): Promise<void> => {
    try {
      const reply: Reply = { number, value: await questions[name]?.(input as never) };
      process.send?.(reply);
    } catch (thrown) {
      process.send?.({ number, failure: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) });
    }
  };
  process.on('message', (question: Question) => {
    last = last.then(() => answer(question));
  });
  process.once('disconnect', () => {
    void last.then(onEnd).finally(() => process.exit(0));
  });
}
