/** When what goes wrong: drawn before the history begins, and over when the world is healed. */
import type { SystemId } from '../../core/identifiers.ts';
import type { Random } from './random.ts';

/** What a receiver does with a message at its door. */
export type Manner =
  | 'takes'
  /** Answers any 5xx, or nobody listens. */
  | 'fails'
  /** Says no for good. */
  | 'refuses'
  /** Never answers; without or with the effect. */
  | 'hangs'
  | 'takes-and-hangs'
  /** Cut before, or after the effect. */
  | 'cuts'
  | 'takes-and-cuts';

interface Spell<Kind> {
  readonly from_ms: number;
  readonly to_ms: number;
  readonly kind: Kind;
}

const SICK = ['fails', 'fails', 'hangs', 'takes-and-hangs', 'cuts', 'takes-and-cuts', 'mixed'] as const;
type Sickness = (typeof SICK)[number];
const MIXED: readonly Manner[] = ['takes', 'fails', 'hangs', 'takes-and-hangs', 'cuts', 'takes-and-cuts'];

export interface StoreWeather {
  /** Chance of a fault for each operation. */
  readonly fault: number;
  readonly slowest_ms: number;
  /** Nothing is answered before the spell is over, as while a database fails over. */
  readonly stalls: boolean;
}

/** Moments at which something happens to the processes and their clock. */
export type Blow =
  | { readonly kind: 'crash'; readonly at_ms: number; readonly backAfter_ms: number }
  | { readonly kind: 'second-process'; readonly at_ms: number }
  | { readonly kind: 'freeze'; readonly at_ms: number; readonly for_ms: number }
  | { readonly kind: 'jump'; readonly at_ms: number; readonly by_ms: number };

export class Weather {
  /** Of the operating system under each store operation: dies just before or just after it. */
  readonly crashAtOperation: number;
  readonly refusals: number;
  /** Requests or answers lost between a sender and the hub. */
  readonly lossAtDoor: number;
  readonly blows: readonly Blow[];
  readonly #store: readonly Spell<StoreWeather>[];
  readonly #receivers: ReadonlyMap<SystemId, readonly Spell<Sickness>[]>;
  readonly #random: Random;
  #healed = false;

  constructor(random: Random, systems: readonly SystemId[], length_ms: number) {
    this.#random = random.fork();
    const spells = <Kind>(most: number, kind: () => Kind): Spell<Kind>[] =>
      Array.from({ length: random.between(0, most) }, () => {
        const from_ms = random.between(0, length_ms);
        return { from_ms, to_ms: from_ms + random.between(500, length_ms / 2), kind: kind() };
      });
    this.crashAtOperation = random.chance(0.4) ? random.next() * 0.01 : 0;
    this.refusals = random.chance(0.15) ? 0.05 : 0;
    this.lossAtDoor = random.chance(0.5) ? random.next() * 0.2 : 0;
    this.#store = spells(3, () => ({
      fault: random.chance(0.3) ? 0 : random.next() ** 2,
      slowest_ms: random.pick([0, 50, 2_000, 15_000, 60_000]),
      stalls: random.chance(0.3),
    }));
    this.#receivers = new Map(systems.map((id) => [id, spells(3, () => random.pick(SICK))]));
    this.blows = drawBlows(random, length_ms);
  }

  heal(): void {
    this.#healed = true;
  }

  get healed(): boolean {
    return this.#healed;
  }

  /** How the store is, and how long an operation that is stalled now will wait. */
  store(at_ms: number): (Omit<StoreWeather, 'stalls'> & { readonly stall_ms: number }) | undefined {
    const spell = this.#healed ? undefined : now(this.#store, at_ms);
    return spell && { ...spell.kind, stall_ms: spell.kind.stalls ? spell.to_ms - at_ms : 0 };
  }

  manner(receiver: SystemId, at_ms: number): Manner {
    if (this.#healed) return 'takes';
    if (this.#random.chance(this.refusals)) return 'refuses';
    const sickness = now(this.#receivers.get(receiver) ?? [], at_ms)?.kind;
    if (sickness === undefined) return 'takes';
    return sickness === 'mixed' ? this.#random.pick(MIXED) : sickness;
  }
}

const now = <Kind>(spells: readonly Spell<Kind>[], at_ms: number): Spell<Kind> | undefined =>
  spells.find(({ from_ms, to_ms }) => from_ms <= at_ms && at_ms < to_ms);

const HOUR_ms = 3_600_000;

function drawBlows(random: Random, length_ms: number): Blow[] {
  const blows: Blow[] = [];
  const at_ms = (): number => random.between(0, length_ms);
  for (let crashes = random.pick([0, 0, 1, 1, 2, 4]); crashes > 0; crashes--) {
    blows.push({ kind: 'crash', at_ms: at_ms(), backAfter_ms: random.pick([0, 100, 5_000, 20_000]) });
  }
  if (random.chance(0.3)) blows.push({ kind: 'second-process', at_ms: at_ms() });
  if (random.chance(0.35)) blows.push({ kind: 'freeze', at_ms: at_ms(), for_ms: random.between(100, 40_000) });
  for (let jumps = random.chance(0.3) ? random.between(1, 3) : 0; jumps > 0; jumps--) {
    const by_ms = random.pick([1_000, 30_000, 120_000, HOUR_ms, 25 * HOUR_ms]) * random.pick([1, -1]);
    blows.push({ kind: 'jump', at_ms: at_ms(), by_ms });
  }
  return blows;
}
