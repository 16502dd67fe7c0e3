/** The hub's log and its metrics: one call for each change of stage feeds both, and the traces where there are any. */
import { pino } from 'pino';
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { type Clock, iso, systemClock } from '../../core/clock.ts';
import type { Backlog } from '../../core/store.ts';
import type { Stage, StageFields, Telemetry } from '../../core/telemetry.ts';
import { loggedError, masked } from './redaction.ts';
import { createSeries } from './series.ts';
import { shownFields, stageLine } from './stage-line.ts';

export interface TelemetryParts {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  readonly version: string;
  /** A path or a file descriptor; standard output without one. */
  readonly destination?: string | number;
  /** Told of every stage after the log: what traces.ts makes. */
  readonly tracer?: Pick<Telemetry, 'stage'>;
  readonly clock?: Clock;
}

/** What the gauges look at when they are asked. */
export interface Watched {
  backlog(): Backlog;
  circuits(): readonly { readonly state: 'closed' | 'open' | 'half-open' }[];
  /** Open connections at the message door. */
  connections(): number;
  systems(): number;
}

export interface HubTelemetry {
  readonly telemetry: Telemetry;
  readonly log: pino.Logger;
  readonly registry: Registry;
  /** Gives the gauges something to look at, once the parts are there. */
  watch(watched: Watched): void;
  /** Writes out what is buffered; call it last. Calls afterwards are lost. */
  close(): Promise<void>;
}

/** Lines wait in memory for at most this; a full pipe makes them wait, and beyond `MOST_WAITING` they are dropped. */
const FLUSH_EVERY_ms = 1_000;
const FLUSH_AT_bytes = 4_096;
const MOST_WAITING_bytes = 32_000_000;

/** At which level a stage is told: failures are seen by those who ask for warnings alone. */
const LEVELS: Readonly<Record<Stage, 'info' | 'warn' | 'error'>> = {
  accepted: 'info',
  repeated: 'info',
  refused: 'info',
  decided: 'info',
  delivered: 'info',
  collected: 'info',
  retrying: 'warn',
  dead: 'error',
  replayed: 'info',
};

export function createTelemetry(parts: TelemetryParts): HubTelemetry {
  const { level, version, destination = 1, tracer, clock = systemClock } = parts;
  const out = pino.destination({
    dest: destination,
    sync: false,
    minLength: FLUSH_AT_bytes,
    maxLength: MOST_WAITING_bytes,
    periodicFlush: FLUSH_EVERY_ms,
    mkdir: true,
  });
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const lost = new Counter({
    name: 'hub_log_lines_lost_total',
    help: 'Lines that nobody took in time.',
    registers: [registry],
  });
  const troubles = new Counter({
    name: 'hub_troubles_total',
    help: 'What should not have been, as the log tells it.',
    registers: [registry],
  });
  out.on('drop', () => lost.inc());
  // a reader of the log that goes away must not take the hub with it
  out.on('error', () => lost.inc());
  const log = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${iso(clock.now())}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    out,
  );
  new Gauge({ name: 'hub_info', help: 'The version that runs.', labelNames: ['version'], registers: [registry] }).set(
    { version },
    1,
  );
  const series = createSeries(registry);
  const told = Object.fromEntries(
    Object.entries(LEVELS).map(([stage, at]) => [stage, log.isLevelEnabled(at)]),
  ) as Readonly<Record<Stage, boolean>>;

  let second = 0;
  let secondText = '';
  /** ISO 8601; the part up to the second is made once a second. */
  function time(): string {
    const now = clock.now();
    const within = now % 1_000;
    if (now - within !== second) {
      second = now - within;
      secondText = iso(second).slice(0, 20);
    }
    return `${secondText}${within < 10 ? '00' : within < 100 ? '0' : ''}${within}Z`;
  }

  const telemetry: Telemetry = {
    stage(stage, fields) {
      const of = series.of(fields.interaction);
      series.count(stage, of, fields);
      if (told[stage]) {
        const code = fields.code === undefined ? undefined : series.codeOf(fields.code);
        out.write(stageLine(LEVELS[stage], time(), stage, fields, { interaction: of.interaction, code }));
      }
      tracer?.stage(stage, fields);
    },
    trouble(what: string, error: unknown, fields: StageFields = {}) {
      troubles.inc();
      const interaction =
        fields.interaction === undefined ? {} : { interaction: series.of(fields.interaction).interaction };
      log.error({ trouble: masked(what), ...shownFields(fields), ...interaction, error: loggedError(error) });
    },
  };

  return {
    telemetry,
    log,
    registry,
    watch: (watched) => gauges(registry, watched),
    close: () =>
      new Promise((resolve) => {
        out.once('close', () => resolve());
        out.once('error', () => resolve());
        out.end();
      }),
  };
}

function gauges(registry: Registry, watched: Watched): void {
  const registers = [registry];
  new Gauge({
    name: 'hub_backlog',
    help: 'What waits in the store, as last looked at.',
    labelNames: ['of'],
    registers,
    collect() {
      for (const [of, count] of Object.entries(watched.backlog())) this.set({ of }, count);
    },
  });
  new Gauge({
    name: 'hub_circuits',
    help: 'Receivers with work in hand, by the state of their circuit breaker.',
    labelNames: ['state'],
    registers,
    collect() {
      const counts = { closed: 0, open: 0, 'half-open': 0 };
      for (const { state } of watched.circuits()) counts[state]++;
      for (const [state, count] of Object.entries(counts)) this.set({ state }, count);
    },
  });
  new Gauge({
    name: 'hub_connections',
    help: 'Open connections at the message door.',
    registers,
    collect() {
      this.set(watched.connections());
    },
  });
  new Gauge({
    name: 'hub_systems',
    help: 'Connected systems in the directory.',
    registers,
    collect() {
      this.set(watched.systems());
    },
  });
}
