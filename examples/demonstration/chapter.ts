/** A chapter of the demonstration: the messages that were sent, what became of each, and what was expected and seen. */
import { isDeepStrictEqual } from 'node:util';
import type { Store, Track } from '../../core/store.ts';
import type { Answered } from '../connected-system.ts';
import { freshId } from './answers.ts';
import type { Connected } from './connect.ts';
import { SYSTEMS, type SystemName } from './systems.ts';

export interface MessageParts {
  readonly what: string;
  readonly from: Connected;
  /** Whose system is told because of it. */
  readonly tells?: readonly SystemName[];
  /** HTTP status of the answer. */
  readonly expected: number;
  /** Its message id; a fresh one unless told otherwise. */
  readonly id?: string;
  send(id: string): Promise<Answered>;
}

/** Milliseconds since the sender began to send; undefined for a step that the message never took. */
export interface Row {
  readonly what: string;
  readonly id: string;
  readonly from: SystemName;
  readonly tells: readonly SystemName[];
  readonly expected: number;
  readonly status: number;
  readonly accepted_ms: number;
  readonly decided_ms: number | undefined;
  readonly delivered_ms: number | undefined;
  readonly acknowledged_ms: number | undefined;
  readonly took_ms: number;
  /** The answer was the expected one, and whoever was to be told has acknowledged it, nobody else. */
  readonly met: boolean;
}

export interface Expectation {
  readonly what: string;
  readonly expected: string;
  readonly seen: string;
  readonly met: boolean;
}

export interface ClosedChapter {
  readonly title: string;
  readonly rows: readonly Row[];
  readonly expectations: readonly Expectation[];
}

export interface Chapter {
  /** Sends a message and gives its answer. */
  send(parts: MessageParts): Promise<Answered>;
  /** Looks until what is seen equals what is expected, or the time is over; either way it is written down. */
  expect<Value>(what: string, expected: Value, observe: () => Value | Promise<Value>): Promise<void>;
  /** A message was collected from a mailbox. */
  collected(deliveryId: string): void;
  /** Waits until whatever was sent to others is settled: only then does "nobody was told" mean something. */
  settled(): Promise<void>;
  close(): Promise<ClosedChapter>;
}

export interface ChapterParts {
  readonly store: Pick<Store, 'track'>;
  readonly systems: ReadonlyMap<SystemName, Connected>;
  /** How long an effect may take to be seen. */
  readonly within_ms: number;
}

interface Sent {
  readonly parts: MessageParts;
  readonly id: string;
  readonly status: number;
  readonly sentAt: number;
  readonly answeredAt: number;
}

const LOOK_EVERY_ms = 20;

export function openChapter(title: string, { store, systems, within_ms }: ChapterParts): Chapter {
  const sent: Sent[] = [];
  const expectations: Expectation[] = [];
  const collections = new Map<string, number>();

  async function trackOf({ id, parts }: Sent): Promise<Track | undefined> {
    const { systemId } = parts.from.system;
    return (await store.track(id)).find(({ key }) => key.sender === systemId);
  }

  const told = (track: Track | undefined): string[] =>
    (track?.deliveries ?? []).filter(({ stage }) => stage === 'acknowledged').map(({ receiver }) => receiver);

  /** Receivers of this message as they should be. */
  const toTell = ({ parts }: Sent): string[] => (parts.tells ?? []).map((name) => SYSTEMS[name].systemId);

  async function rowOf(message: Sent): Promise<Row> {
    const { parts, id, status, sentAt, answeredAt } = message;
    const track = await trackOf(message);
    const deliveries = track?.deliveries ?? [];
    const after = (at: number | undefined): number | undefined => (at === undefined ? undefined : at - sentAt);
    const arrivals = deliveries.map(({ id: delivery }) => collections.get(delivery) ?? arrivalOf(delivery));
    const times = {
      accepted_ms: answeredAt - sentAt,
      decided_ms: after(track?.decidedAt),
      delivered_ms: after(latest(arrivals)),
      acknowledged_ms: after(latest(deliveries.map(({ settledAt }) => settledAt))),
    };
    return {
      what: parts.what,
      id,
      from: parts.from.system.name,
      tells: parts.tells ?? [],
      expected: parts.expected,
      status,
      ...times,
      took_ms: Math.max(...Object.values(times).map((time) => time ?? 0)),
      met: status === parts.expected && isDeepStrictEqual(told(track).sort(), toTell(message).sort()),
    };
  }

  /** When a delivery came in at a system's own door. */
  function arrivalOf(delivery: string): number | undefined {
    for (const { endpoint } of systems.values()) {
      const found = endpoint?.received.find(
        ({ headers, body }) => headers['x-request-id'] === delivery || body.includes(`MessageId>${delivery}<`),
      );
      if (found) return found.at;
    }
    return undefined;
  }

  async function settled(): Promise<void> {
    for (const message of sent)
      await until(within_ms, async () =>
        isDeepStrictEqual(told(await trackOf(message)).sort(), toTell(message).sort()),
      );
  }

  return {
    async send(parts) {
      const id = parts.id ?? freshId();
      const sentAt = Date.now();
      const answered = await parts
        .send(id)
        .catch((thrown: unknown): Answered => ({ status: 0, headers: {}, body: String(thrown) }));
      sent.push({ parts, id, status: answered.status, sentAt, answeredAt: Date.now() });
      return answered;
    },

    async expect(what, expected, observe) {
      const look = async (): Promise<unknown> => {
        try {
          return await observe();
        } catch (thrown) {
          return thrown instanceof Error ? thrown.message : String(thrown);
        }
      };
      let seen = await look();
      const end = Date.now() + within_ms;
      while (!isDeepStrictEqual(seen, expected) && Date.now() < end) {
        await pause();
        seen = await look();
      }
      expectations.push({ what, expected: say(expected), seen: say(seen), met: isDeepStrictEqual(seen, expected) });
    },

    collected: (deliveryId) => void collections.set(deliveryId, Date.now()),
    settled,

    async close() {
      await settled();
      return { title, rows: await Promise.all(sent.map(rowOf)), expectations };
    },
  };
}

/** Asks again and again until the answer is yes or the time is over. */
async function until(within_ms: number, holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + within_ms;
  while (!(await holds()) && Date.now() < end) await pause();
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_ms));

/** Undefined where there is none, or one of them has not happened. */
const latest = (times: readonly (number | undefined)[]): number | undefined =>
  times.length === 0 || times.includes(undefined) ? undefined : Math.max(...times.map((time) => time ?? 0));

/** What was expected or seen, in few words. */
function say(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(say).join(', ');
  if (typeof value === 'object' && value !== null)
    return Object.entries(value)
      .map(([name, inner]) => `${name} ${say(inner)}`)
      .join(', ');
  return value === undefined ? 'nothing' : String(value);
}

/** True where everything in it was as expected. */
export const isMet = ({ rows, expectations }: ClosedChapter): boolean =>
  rows.every(({ met }) => met) && expectations.every(({ met }) => met);
