/** A batch in memory: the rows that its operations ask about as they stand, and what the operations make of them. */
import { type Actor, lineText, textHash } from '../../core/audit-chain.ts';
import type { Instant } from '../../core/clock.ts';
import type { AuditEvent } from '../../core/decision.ts';
import { keyText, type MessageKey } from '../../core/envelope.ts';
import type { Cell } from './arrays.ts';

/** The store's one row: numbers given out and things counted. */
export interface Head {
  seq: number;
  hash: string;
  messageSeq: number;
  deliverySeq: number;
  factSeq: number;
  factsForgotten: number;
  undecided: number;
  undelivered: number;
  dead: number;
}

export interface MessageState {
  readonly key: MessageKey;
  readonly digest: string;
  stage: 'accepted' | 'decided' | 'dead';
  /** JSON. */
  answer: string | null;
  decidedAt: Instant | null;
  reason: string | null;
  changed: boolean;
  /** What is inserted with a message that is new in this batch. */
  readonly fresh?: {
    readonly seq: number;
    readonly interaction: string;
    readonly receivedAt: Instant;
    readonly cause: string;
    readonly body: Uint8Array;
  };
}

export interface RecordState {
  readonly kind: string;
  readonly key: string;
  /** 0 where there is none. */
  version: number;
  value: string | null;
  /** JSON as it stands in the database, and as it shall stand. */
  readonly indexesBefore: string | null;
  indexes: string;
  changed: boolean;
}

export interface DeliveryState {
  readonly id: string;
  readonly seq: number;
  readonly cause: MessageKey;
  readonly receiver: string;
  readonly mode: 'push' | 'pull';
  readonly lane: string | null;
  readonly interaction: string;
  stage: 'waiting' | 'acknowledged' | 'dead';
  createdAt: Instant;
  dueAt: Instant;
  owner: string | null;
  attempts: number;
  settledAt: Instant | null;
  reason: string | null;
  changed: boolean;
  readonly fresh?: { readonly head: boolean; readonly draft: string; readonly body: string };
}

/** What a batch must know before it can be decided. */
export class Wanted {
  readonly messages = new Map<string, MessageKey>();
  readonly records = new Map<string, { readonly kind: string; readonly key: string }>();
  readonly deliveries = new Set<string>();
  readonly lanes = new Set<string>();

  message(key: MessageKey): void {
    this.messages.set(keyText(key), key);
  }

  record(kind: string, key: string): void {
    this.records.set(recordName(kind, key), { kind, key });
  }
}

export const recordName = (kind: string, key: string): string => `${kind}\0${key}`;

export class Ledger {
  readonly head: Head;
  readonly messages = new Map<string, MessageState>();
  readonly records = new Map<string, RecordState>();
  readonly deliveries = new Map<string, DeliveryState>();
  /** Audit rows: seq, patient, line, hash. */
  readonly lines: Cell[][] = [];
  readonly facts: Cell[][] = [];
  /** Lanes whose head may be another now. */
  readonly movedLanes = new Set<string>();
  /** Lanes in which something came to life again before what was the head. */
  readonly revivedLanes = new Set<string>();
  /** Facts up to here are to be deleted. */
  forgetFacts: number | undefined;
  /** Deliveries that wait, by lane; lanes that are busy for reasons outside this batch never fall to 0. */
  readonly #waiting = new Map<string, number>();

  constructor(head: Head) {
    this.head = head;
  }

  laneIsBusy(lane: string): boolean {
    return (this.#waiting.get(lane) ?? 0) > 0;
  }

  waits(lane: string | null, change: 1 | -1): void {
    if (lane !== null) this.#waiting.set(lane, (this.#waiting.get(lane) ?? 0) + change);
  }

  message(key: MessageKey): MessageState | undefined {
    return this.messages.get(keyText(key));
  }

  addMessage(message: MessageState): void {
    this.messages.set(keyText(message.key), message);
  }

  /** A record asked for is always here, at version 0 where there is none. */
  record(kind: string, key: string): RecordState {
    const name = recordName(kind, key);
    let record = this.records.get(name);
    if (record === undefined) {
      record = { kind, key, version: 0, value: null, indexesBefore: null, indexes: '[]', changed: false };
      this.records.set(name, record);
    }
    return record;
  }

  /** Lines of the one chain, in the order of the calls. */
  write(actor: Actor, at: Instant, events: readonly AuditEvent[]): void {
    for (const event of events) {
      const seq = this.head.seq + 1;
      const text = lineText({
        ...event,
        seq,
        at,
        system: actor.system ?? null,
        ods: actor.ods ?? null,
        user: actor.user ?? null,
        role: actor.role ?? null,
        messageId: actor.messageId ?? null,
        interaction: actor.interaction ?? null,
      });
      const hash = textHash(this.head.hash, text);
      this.lines.push([seq, event.patient ?? null, text, hash]);
      this.head.seq = seq;
      this.head.hash = hash;
    }
  }
}

/** One thing asked of the store, ready to be decided with others in one transaction. */
export interface Operation<Result> {
  /** Bytes it carries, for the size of a batch. */
  readonly weight: number;
  want(wanted: Wanted): void;
  /** All or nothing: throws a HubError before it changes anything, or does not throw. */
  apply(ledger: Ledger): Result;
}
