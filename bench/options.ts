/** What a run measures and for how long, from the words after `npm run bench --`. */
import { parseArgs } from 'node:util';

export const SCENARIOS = ['a', 'b', 'c', 'd', 'e'] as const;
export type ScenarioName = (typeof SCENARIOS)[number];

export interface BenchOptions {
  /** (a) is always measured first: the others are told as shares of it. */
  readonly only: ReadonlySet<ScenarioName>;
  /** Of each measurement, and of what goes before it. */
  readonly measure_ms: number;
  readonly warmUp_ms: number;
  readonly connections: number;
  readonly systems: number;
  /** Orders sent and not yet acknowledged by the service, in the closed loops of (c) and (d). */
  readonly inFlight: number;
  /** Idle connections of (e). */
  readonly idle: number;
  /** Settings of the hub beside those of the bench: HUB_ names and their values. */
  readonly settings: Readonly<Record<string, string>>;
  /** A file, or '-' for the standard output instead of the table. */
  readonly json: string | undefined;
  /** Exit code 1 where a must is not met. */
  readonly check: boolean;
  /** A folder for processor profiles of the hub. */
  readonly profile: string | undefined;
}

export const USAGE = `npm run bench -- [options]

  --only a,c         scenarios to measure, of a,b,c,d,e; (a) is always measured first    all
  --seconds 10       length of each measurement                                          10
  --warm-up 3        seconds of load before each measurement                             3
  --connections 64   connections of the sending systems                                  64
  --systems 8        sending systems, each with a certificate and a door of its own      8
  --in-flight 512    orders under way in the closed loops of (c) and (d)                 512
  --idle 5000        idle connections of (e)                                             5000
  --set NAME=VALUE   a setting of the hub, such as HUB_ENGINES=2; may be repeated
  --json FILE        the rows as JSON lines in a file; - for standard output, no table
  --check            exit code 1 where a must is not met
  --profile FOLDER   processor profiles of the hub, and where its time went
`;

/** @throws Error naming the first word that is not understood; null where help is asked for. */
export function readBenchOptions(words: readonly string[]): BenchOptions | null {
  const { values } = parseArgs({
    args: [...words],
    options: {
      only: { type: 'string', default: SCENARIOS.join(',') },
      seconds: { type: 'string', default: '10' },
      'warm-up': { type: 'string', default: '3' },
      connections: { type: 'string', default: '64' },
      systems: { type: 'string', default: '8' },
      'in-flight': { type: 'string', default: '512' },
      idle: { type: 'string', default: '5000' },
      set: { type: 'string', multiple: true, default: [] },
      json: { type: 'string' },
      check: { type: 'boolean', default: false },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false, short: 'h' },
    },
  });
  if (values.help) return null;
  const only = values.only.split(',').map((name) => {
    const scenario = SCENARIOS.find((known) => known === name.trim());
    if (scenario === undefined) throw new Error(`--only: there is no scenario ${name}; known: ${SCENARIOS.join(', ')}`);
    return scenario;
  });
  return {
    only: new Set<ScenarioName>(['a', ...only]),
    measure_ms: number('--seconds', values.seconds, 0.1, 3_600) * 1_000,
    warmUp_ms: number('--warm-up', values['warm-up'], 0, 600) * 1_000,
    connections: whole('--connections', values.connections, 1, 10_000),
    systems: whole('--systems', values.systems, 1, 500),
    inFlight: whole('--in-flight', values['in-flight'], 1, 100_000),
    idle: whole('--idle', values.idle, 1, 100_000),
    settings: Object.fromEntries(values.set.map(setting)),
    json: values.json,
    check: values.check,
    profile: values.profile,
  };
}

function setting(text: string): [name: string, value: string] {
  const mark = text.indexOf('=');
  if (!text.startsWith('HUB_') || mark < 0) throw new Error('--set: HUB_NAME=VALUE');
  return [text.slice(0, mark), text.slice(mark + 1)];
}

function number(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= least && value <= most))
    throw new Error(`${name}: a number from ${least} to ${most}`);
  return value;
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = number(name, text, least, most);
  if (!Number.isInteger(value)) throw new Error(`${name}: a whole number`);
  return value;
}
