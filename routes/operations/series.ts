/** Counts for each interaction, kept as plain numbers on the message path and told only when they are asked for. */
import { Counter, Histogram, type Registry } from 'prom-client';
import type { Stage, StageFields } from '../../core/telemetry.ts';

export const STAGES = [
  'accepted',
  'repeated',
  'refused',
  'decided',
  'delivered',
  'collected',
  'retrying',
  'dead',
  'replayed',
] as const satisfies readonly Stage[];

/** More labels than this would cost more than they tell: names can come from messages. */
const MOST_INTERACTIONS = 500;
const MOST_CODES = 500;
const INTERACTION = /^[A-Za-z][\w:.$/-]{0,149}$/;
const CODE = /^[\w.:-]{1,60}$/;
/** Seconds, from the commit of an idle store to the end of a long contract. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300, 3_600];

/** What is kept of one interaction. */
export interface Series {
  readonly interaction: string;
  readonly stages: Record<Stage, number>;
  observeDecided(seconds: number): void;
  observeDelivered(seconds: number): void;
}

export interface SeriesBook {
  /** Of a name that is none, or one too many: the series `other`. */
  of(interaction: string | undefined): Series;
  count(stage: Stage, series: Series, fields: StageFields): void;
  /** A code as a label and in the log; `other` where it is none. */
  codeOf(code: string): string;
}

export function createSeries(registry: Registry): SeriesBook {
  const known = new Map<string, Series>();
  const codes = new Map<string, number>();
  const registers = [registry];
  const decided = new Histogram({
    name: 'hub_decide_seconds',
    help: 'From receiving a message to its decision, committed.',
    labelNames: ['interaction'],
    buckets: BUCKETS,
    registers,
  });
  const delivered = new Histogram({
    name: 'hub_deliver_seconds',
    help: 'From making a delivery to its acknowledgement.',
    labelNames: ['interaction'],
    buckets: BUCKETS,
    registers,
  });
  new Counter({
    name: 'hub_messages_total',
    help: 'Changes of stage.',
    labelNames: ['stage', 'interaction'],
    registers,
    collect() {
      this.reset();
      for (const { interaction, stages } of known.values())
        for (const stage of STAGES) if (stages[stage] > 0) this.inc({ stage, interaction }, stages[stage]);
    },
  });
  new Counter({
    name: 'hub_refusals_total',
    help: 'Messages and requests refused, by the code of docs/errors.md.',
    labelNames: ['code'],
    registers,
    collect() {
      this.reset();
      for (const [code, count] of codes) this.inc({ code }, count);
    },
  });

  const make = (interaction: string): Series => {
    const series: Series = {
      interaction,
      stages: Object.fromEntries(STAGES.map((stage) => [stage, 0])) as Record<Stage, number>,
      observeDecided: decided.labels(interaction).observe,
      observeDelivered: delivered.labels(interaction).observe,
    };
    known.set(interaction, series);
    return series;
  };
  const other = make('other');
  const isOne = (name: string): boolean => INTERACTION.test(name) && !/\d{10}/.test(name);

  const codeOf = (code: string): string =>
    codes.has(code) || (codes.size < MOST_CODES && CODE.test(code)) ? code : 'other';

  return {
    of(interaction) {
      if (interaction === undefined) return other;
      const found = known.get(interaction);
      if (found !== undefined) return found;
      return known.size < MOST_INTERACTIONS && isOne(interaction) ? make(interaction) : other;
    },
    codeOf,
    count(stage, series, { code, took_ms }) {
      series.stages[stage]++;
      if (code !== undefined) {
        const name = codeOf(code);
        codes.set(name, (codes.get(name) ?? 0) + 1);
      }
      if (took_ms === undefined) return;
      if (stage === 'decided') series.observeDecided(took_ms / 1_000);
      else if (stage === 'delivered') series.observeDelivered(took_ms / 1_000);
    },
  };
}
