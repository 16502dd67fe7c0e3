/** Everything that was seen to happen in one history, apart from what the store says of it; and what must never be seen. */
import { hash } from 'node:crypto';
import type { Decision } from '../../core/decision.ts';
import type { Delivery, DeliveryDraft, Lease, Settlement } from '../../core/delivery.ts';
import { type Cause, keyOf, keyText, type MessageKey } from '../../core/envelope.ts';
import type { SystemId } from '../../core/identifiers.ts';
import type { ClaimRequest, Commit, Committed } from '../../core/store.ts';
import type { VirtualTime } from './virtual-time.ts';

/** A message at its receiver's door, as that receiver knows it: by the hub's id for it. */
export interface Arrival {
  readonly id: string;
  readonly receiver: SystemId;
  readonly cause: MessageKey;
  readonly interaction: string;
  readonly notice: boolean;
}

interface Attempts {
  made: number;
  /** A process died, lost its lease or could not settle between an attempt and its settlement: nobody can have counted it. */
  uncounted: boolean;
}

/** Who speaks here: a process, named by its owner in leases. */
interface Speaker {
  readonly owner: string;
}

export class Ledger {
  readonly commits = new Map<
    string,
    { readonly cause: Cause; readonly decision: Decision; readonly dead: boolean }[]
  >();
  /** Every coming of a message to a receiver, repeats and all. */
  readonly arrivals: Arrival[] = [];
  readonly attempts = new Map<string, Attempts>();
  /** What broke a promise that is not a count. */
  readonly broken: string[] = [];
  readonly counts = { crashes: 0, freezes: 0, faults: 0, attempts: 0, repeats: 0, jumps: 0 };
  readonly trace: string[] = [];
  readonly #time: VirtualTime;
  readonly #keepTrace: boolean;
  #traceHash = '';
  readonly #leases = new Map<string, Lease>();
  readonly #lanes = new Map<string, string[]>();
  readonly #settled = new Set<string>();
  readonly #underWay = new Map<string, Set<Speaker>>();
  readonly #unsettled = new Map<Speaker, Set<string>>();

  constructor(time: VirtualTime, keepTrace: boolean) {
    this.#time = time;
    this.#keepTrace = keepTrace;
  }

  /** One line of the history; the same seed writes the same lines. */
  note(what: string): void {
    const line = `${String(this.#time.elapsed_ms).padStart(8)} ${what}`;
    this.#traceHash = hash('sha256', this.#traceHash + line);
    if (this.#keepTrace) this.trace.push(line);
  }

  /** Of the whole history so far. */
  get fingerprint(): string {
    return this.#traceHash;
  }

  breaks(what: string): void {
    this.broken.push(what);
    this.note(`BROKEN ${what}`);
  }

  committed(by: Speaker, { cause, decision, deliveries, dead, lease }: Commit, outcome: Committed): void {
    const key = keyText(keyOf(cause));
    this.note(`${by.owner} commit ${key} ${outcome.kind}`);
    if (outcome.kind !== 'committed') return;
    const before = this.commits.get(key) ?? [];
    this.commits.set(key, [...before, { cause, decision, dead: dead !== undefined }]);
    for (const draft of deliveries) this.#queue(draft);
    if (lease) for (const { id } of outcome.held) this.#leases.set(id, lease);
  }

  claimed(by: Speaker, { lease, now }: ClaimRequest, deliveries: readonly Delivery[]): void {
    for (const { id } of deliveries) {
      this.note(`${by.owner} claims ${id}`);
      const held = this.#leases.get(id);
      if (held && held.until > now) this.breaks(`${by.owner} claims ${id}, which ${held.owner} still holds`);
      this.#leases.set(id, lease);
    }
  }

  settled(by: Speaker, { id, outcome }: Settlement, effective: boolean): void {
    this.note(`${by.owner} settles ${id} ${outcome.kind} ${effective}`);
    const wasTried = this.#unsettled.get(by)?.delete(id);
    if (!effective) {
      if (wasTried) this.#attemptsOf(id).uncounted = true;
      return;
    }
    this.#leases.delete(id);
    if (outcome.kind === 'acknowledged' || outcome.kind === 'dead') this.#settled.add(id);
    if (outcome.kind === 'dead' && outcome.notice) this.#queue(outcome.notice);
  }

  attemptBegins(by: Speaker, { id, lane }: Delivery, timeout_ms: number): void {
    this.note(`${by.owner} attempts ${id}`);
    this.counts.attempts++;
    const attempts = this.#attemptsOf(id);
    if (attempts.made++ > 0) this.counts.repeats++;
    this.#expectLease(by, id, timeout_ms);
    this.#expectHead(id, lane);
    const mine = this.#unsettled.get(by) ?? new Set();
    this.#unsettled.set(by, mine);
    if (mine.has(id)) attempts.uncounted = true;
    mine.add(id);
    const others = this.#underWay.get(id) ?? new Set();
    this.#underWay.set(id, others);
    if (others.has(by)) this.breaks(`two attempts of ${id} at once by ${by.owner}`);
    others.add(by);
  }

  attemptEnds(by: Speaker, id: string, result: string): void {
    this.note(`${by.owner} attempted ${id} ${result}`);
    this.#underWay.get(id)?.delete(by);
  }

  arrived(arrival: Arrival): void {
    this.note(`${arrival.receiver} has ${arrival.id}`);
    this.arrivals.push(arrival);
  }

  crashed(process: Speaker): void {
    this.note(`${process.owner} crashes`);
    this.counts.crashes++;
    this.#forgetAttemptsOf(process);
    for (const trying of this.#underWay.values()) trying.delete(process);
  }

  /** The history is over: what a process has still to settle, nobody has counted. */
  close(): void {
    for (const process of [...this.#unsettled.keys()]) this.#forgetAttemptsOf(process);
  }

  #forgetAttemptsOf(process: Speaker): void {
    for (const id of this.#unsettled.get(process) ?? []) this.#attemptsOf(id).uncounted = true;
    this.#unsettled.delete(process);
  }

  /** Whoever tries holds the lease, for longer than the attempt can take: so no other live process tries meanwhile. */
  #expectLease(by: Speaker, id: string, timeout_ms: number): void {
    const lease = this.#leases.get(id);
    if (lease?.owner !== by.owner) this.breaks(`${by.owner} attempts ${id}, which ${lease?.owner ?? 'nobody'} holds`);
    else if (lease.until < this.#time.now() + timeout_ms) {
      this.breaks(`${by.owner} attempts ${id} ${this.#time.now() + timeout_ms - lease.until} ms beyond its lease`);
    }
  }

  #expectHead(id: string, lane: string | null): void {
    for (const earlier of lane === null ? [] : (this.#lanes.get(lane) ?? [])) {
      if (earlier === id) return;
      if (!this.#settled.has(earlier)) this.breaks(`${id} is attempted before ${earlier} of its lane is settled`);
    }
  }

  #queue({ id, lane }: DeliveryDraft): void {
    if (lane !== null) this.#lanes.set(lane, [...(this.#lanes.get(lane) ?? []), id]);
  }

  #attemptsOf(id: string): Attempts {
    const known = this.attempts.get(id);
    if (known) return known;
    const attempts = { made: 0, uncounted: false };
    this.attempts.set(id, attempts);
    return attempts;
  }
}
