/** The store port: the one truth. Everything a decision asks for happens in one transaction, or not at all. */

import type { Actor, AuditLine } from './audit-chain.ts';
import type { Instant } from './clock.ts';
import type { Answer, AuditEvent, Decision, Fact } from './decision.ts';
import type { DeadLetter, Delivery, DeliveryDraft, Lease, Settlement } from './delivery.ts';
import type { Cause, Envelope, MessageKey } from './envelope.ts';
import type { InteractionId, OdsCode, SystemId } from './identifiers.ts';
import type { RecordReader } from './records.ts';

export type Admission =
  | { readonly kind: 'new' }
  /** Kept before with the same bytes; `answer` once it has been decided. */
  | { readonly kind: 'same'; readonly answer?: Answer }
  | { readonly kind: 'conflict' };

export interface Commit {
  readonly cause: Cause;
  /** The bytes, when this message was not admitted before: the commit then admits it in the same transaction. */
  readonly body?: Uint8Array;
  readonly decision: Decision;
  /** `decision.send`, addressed and under contract. */
  readonly deliveries: readonly DeliveryDraft[];
  /** Marks the message dead instead of decided: the rules failed on it and it waits for an operator. */
  readonly dead?: string;
  readonly at: Instant;
  /** Takes the new push deliveries at once for this owner (lane heads only), sparing a claim. */
  readonly lease?: Lease;
}

export type Committed =
  | {
      readonly kind: 'committed';
      /** Those this owner now holds. */
      readonly held: readonly Delivery[];
      /** Push deliveries that somebody must claim. */
      readonly waiting: readonly DeliveryRef[];
    }
  /** Decided before: the first answer, and nothing changed. */
  | { readonly kind: 'same'; readonly answer: Answer }
  | { readonly kind: 'conflict' }
  /** A record changed since it was read: decide again. */
  | { readonly kind: 'stale' };

export interface DeliveryRef {
  readonly id: string;
  readonly receiver: SystemId;
  readonly lane: string | null;
}

export interface ClaimRequest {
  readonly lease: Lease;
  readonly now: Instant;
  readonly limit: number;
  /** Only these; otherwise whatever is due, oldest first. */
  readonly ids?: readonly string[];
}

export interface StoredFact extends Fact {
  readonly seq: number;
  readonly at: Instant;
  readonly ods: OdsCode;
  readonly interaction: InteractionId;
}

export interface Track {
  readonly key: MessageKey;
  readonly interaction: InteractionId;
  readonly stage: 'accepted' | 'decided' | 'dead';
  readonly receivedAt: Instant;
  readonly decidedAt?: Instant;
  readonly answer?: Answer;
  readonly reason?: string;
  readonly deliveries: readonly DeliveryTrack[];
}

export interface DeliveryTrack {
  readonly id: string;
  readonly receiver: SystemId;
  readonly mode: 'push' | 'pull';
  readonly interaction: InteractionId;
  readonly stage: 'waiting' | 'acknowledged' | 'dead';
  readonly attempts: number;
  readonly createdAt: Instant;
  readonly settledAt?: Instant;
  readonly reason?: string;
}

/** How much is waiting: what backpressure and the metrics look at. */
export interface Backlog {
  readonly undecided: number;
  readonly undelivered: number;
  readonly dead: number;
  readonly unreadFacts: number;
}

export interface InboxEntry {
  readonly id: string;
  readonly seq: number;
  readonly interaction: InteractionId;
  readonly contentType: string;
  readonly createdAt: Instant;
  readonly subject?: string;
}

/**
 * Durable before it resolves: synced to disk (SQLite) or committed (PostgreSQL).
 * Every method rejects with HubError STORE_UNAVAILABLE where the store cannot answer; nothing is then kept,
 * or the caller may ask again with the same ids without harm.
 */
export interface Store {
  readonly records: RecordReader;

  /** Keeps a message before it is answered. */
  admit(envelope: Envelope): Promise<Admission>;
  /** Records, outbox, audit, facts and answer under the message's id, all or none. */
  commit(commit: Commit): Promise<Committed>;
  /** Audit lines that belong to no message: refusals, operators, citizens. */
  audit(actor: Actor, at: Instant, events: readonly AuditEvent[]): Promise<void>;

  /** Messages admitted before `before` and still undecided, oldest first. */
  undecided(query: { before: Instant; limit: number }): Promise<Cause[]>;
  /** Causes with their bytes; the order of `keys`, absent ones left out. */
  envelopes(keys: readonly MessageKey[]): Promise<Envelope[]>;

  /** Leases due push deliveries: heads of their lanes only, and none that another holds. */
  claim(request: ClaimRequest): Promise<Delivery[]>;
  /** Which push deliveries are due and held by nobody, oldest first: work to hand out. */
  due(query: { now: Instant; limit: number }): Promise<DeliveryRef[]>;
  /** True for each settlement that took effect; one whose lease was lost, or already settled, does nothing. */
  settle(settlements: readonly Settlement[]): Promise<boolean[]>;

  /** A receiver's pull deliveries, unacknowledged, by sequence. */
  inbox(receiver: SystemId, query: { after: number; limit: number }): Promise<InboxEntry[]>;
  /** One pull delivery of this receiver. */
  inboxMessage(receiver: SystemId, id: string): Promise<Delivery | undefined>;

  deadLetters(query: { after?: string; limit: number }): Promise<DeadLetter[]>;
  /** The dead letter's bytes, as they were. */
  deadLetter(id: string): Promise<{ letter: DeadLetter; contentType: string; body: Uint8Array } | undefined>;
  /** Puts it back once: a message to be decided again, a delivery with its attempts at zero. False if it is not dead. */
  replay(id: string, actor: Actor, at: Instant): Promise<boolean>;

  /** Every message with this id, whoever sent it, and deliveries with it. */
  track(messageId: string): Promise<Track[]>;
  backlog(): Promise<Backlog>;

  /** Audit lines after a sequence number, in order. */
  auditLines(query: { after: number; limit: number }): Promise<AuditLine[]>;
  auditForPatient(patient: string, query: { before?: number; limit: number }): Promise<AuditLine[]>;

  /** Facts after a sequence number, in order. */
  facts(query: { after: number; limit: number }): Promise<StoredFact[]>;
  /** Forgets facts up to and including this one: they are in the lake. */
  forgetFacts(upTo: number): Promise<void>;

  /** Removes bodies and keys of messages decided before then, whose deliveries are all settled; how many. */
  purge(query: { decidedBefore: Instant; limit: number }): Promise<number>;

  /** True when the store answers and can write. */
  healthy(): Promise<boolean>;
  close(): Promise<void>;
}
