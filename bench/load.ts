/** The load: orders over many connections, as fast as they are answered (closed loop) or at a constant rate (open loop). */
import { monotonic_ms } from './clock.ts';
import { Connection } from './connection.ts';
import { type OrderTemplate, OrderWriter } from './orders.ts';

/** What became of each order, by its number from `first` on; times are of the common clock, 0 where it never was. */
export interface Sent {
  readonly first: number;
  /** When it was to be sent: in an open loop that is earlier than when a connection was free for it. */
  readonly intended_ms: Float64Array;
  readonly answered_ms: Float64Array;
  readonly statuses: Uint16Array;
  /** Connections that were lost on the way. */
  readonly broken: number;
}

export type Pattern =
  /** Each connection sends its next order when the last is answered; `inFlight` bounds orders sent and not yet effected. */
  { readonly kind: 'closed'; readonly inFlight?: number } | { readonly kind: 'open'; readonly perSecond: number };

interface Line {
  readonly connection: Connection;
  readonly writer: OrderWriter;
  /** Number of the order under way, -1 for none. */
  order: number;
}

const TICK_ms = 1;
/** A connection that got anything but a success waits before it sends again, as a system would. */
const REFUSED_WAIT_ms = 50;

export class Load {
  readonly #lines = new Set<Line>();
  #free: Line[] = [];
  #next: number;
  #first: number;
  #intended = new Float64Array(1 << 16);
  #answered = new Float64Array(1 << 16);
  #statuses = new Uint16Array(1 << 16);
  #pattern: Pattern | undefined;
  /** Orders that should have been sent already: times at which. */
  #late: number[] = [];
  #ticker: NodeJS.Timeout | undefined;
  #begun_ms = 0;
  #issued = 0;
  #sent = 0;
  #refused = 0;
  #effected = 0;
  #broken = 0;

  /** @param first number of the first order: no two loads on one hub may share numbers */
  constructor(first: number) {
    this.#next = first;
    this.#first = first;
  }

  get connections(): number {
    return this.#lines.size;
  }

  async connect(
    options: Parameters<typeof Connection.open>[0],
    template: OrderTemplate,
    within_ms: number,
  ): Promise<void> {
    let line: Line | undefined;
    const connection = await Connection.open(
      options,
      {
        answered: (status) => line && this.#answer(line, status),
        closed: () => line && this.#lose(line),
      },
      within_ms,
    );
    line = { connection, writer: new OrderWriter(template), order: -1 };
    this.#lines.add(line);
    this.#free.push(line);
  }

  start(pattern: Pattern): void {
    this.#pattern = pattern;
    this.#begun_ms = monotonic_ms();
    this.#issued = 0;
    if (pattern.kind === 'closed') this.#fill();
    else this.#tick(pattern.perSecond);
  }

  /** One order on the connection that was opened last. */
  sendOne(): void {
    const line = this.#free.pop();
    if (line !== undefined) this.#send(line, monotonic_ms());
  }

  /** No more orders become due; those that are, are still sent, and answers still arrive. */
  stop(): void {
    this.#pattern = undefined;
    clearTimeout(this.#ticker);
  }

  /** Orders due and not yet answered. */
  get waiting(): number {
    let waiting = this.#late.length;
    for (const { order } of this.#lines) if (order >= 0) waiting++;
    return waiting;
  }

  /** How many orders have had their effect, as the receiver counts. */
  effected(count: number): void {
    this.#effected = count;
    if (this.#pattern?.kind === 'closed') this.#fill();
  }

  /** What became of the orders since the last call. */
  take(): Sent {
    const length = this.#next - this.#first;
    const sent: Sent = {
      first: this.#first,
      intended_ms: this.#intended.slice(0, length),
      answered_ms: this.#answered.slice(0, length),
      statuses: this.#statuses.slice(0, length),
      broken: this.#broken,
    };
    this.#first = this.#next;
    this.#broken = 0;
    this.#answered.fill(0);
    this.#statuses.fill(0);
    return sent;
  }

  close(): void {
    this.stop();
    this.#late = [];
    for (const { connection } of this.#lines) connection.close();
    this.#lines.clear();
    this.#free = [];
  }

  #fill(): void {
    const pattern = this.#pattern;
    if (pattern?.kind !== 'closed') return;
    const { inFlight = Number.POSITIVE_INFINITY } = pattern;
    while (this.#free.length > 0 && this.#sent - this.#refused - this.#effected < inFlight) {
      const line = this.#free.shift();
      if (line !== undefined) this.#send(line, monotonic_ms());
    }
  }

  #tick(perSecond: number): void {
    const due = Math.floor(((monotonic_ms() - this.#begun_ms) * perSecond) / 1_000);
    for (; this.#issued < due; this.#issued++) {
      const at_ms = this.#begun_ms + (this.#issued * 1_000) / perSecond;
      const line = this.#free.shift();
      if (line === undefined) this.#late.push(at_ms);
      else this.#send(line, at_ms);
    }
    this.#ticker = setTimeout(() => this.#tick(perSecond), TICK_ms);
  }

  #send(line: Line, intended_ms: number): void {
    const order = this.#next++;
    this.#sent++;
    const place = order - this.#first;
    if (place >= this.#intended.length) this.#grow();
    this.#intended[place] = intended_ms;
    line.order = order;
    line.writer.write(order);
    line.connection.write(line.writer.request);
  }

  #answer(line: Line, status: number): void {
    const place = line.order - this.#first;
    line.order = -1;
    this.#answered[place] = monotonic_ms();
    this.#statuses[place] = status;
    if (status >= 200 && status < 300) {
      this.#release(line);
      return;
    }
    this.#refused++;
    setTimeout(() => this.#release(line), REFUSED_WAIT_ms);
  }

  #release(line: Line): void {
    if (!this.#lines.has(line)) return;
    const late = this.#late.shift();
    if (late !== undefined) {
      this.#send(line, late);
      return;
    }
    this.#free.push(line);
    if (this.#pattern?.kind === 'closed') this.#fill();
  }

  #lose(line: Line): void {
    if (!this.#lines.delete(line)) return;
    this.#broken++;
    if (line.order >= 0) this.#refused++;
    this.#free = this.#free.filter((free) => free !== line);
  }

  #grow(): void {
    const twice = this.#intended.length * 2;
    this.#intended = grown(this.#intended, new Float64Array(twice));
    this.#answered = grown(this.#answered, new Float64Array(twice));
    this.#statuses = grown(this.#statuses, new Uint16Array(twice));
  }
}

function grown<List extends Float64Array | Uint16Array>(old: List, larger: List): List {
  larger.set(old);
  return larger;
}
