/** A decision is a value: everything that should happen because of one message, committed at once or not at all. */
import type { InteractionId, NhsNumber, SystemId } from './identifiers.ts';

/** What the sender is told, in the domain's terms; the door that the message came by puts it in its own words. */
export type Answer =
  | { readonly kind: 'accepted'; readonly text: string }
  | {
      readonly kind: 'document';
      /** HTTP status for doors that have one: 200, 201. */
      readonly status: number;
      readonly contentType: string;
      readonly body: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: 'refused';
      /** A code of the hub's table (core/errors.ts). */
      readonly code: string;
      /** The code in the service's own list, where it has one, such as 0004. */
      readonly serviceCode?: string;
      readonly text: string;
      /** How the service itself codes this refusal in FHIR, and the status it gives it, where the table's do not serve. */
      readonly coding?: { readonly system: string; readonly code: string; readonly display?: string };
      readonly status?: number;
    };

/** A change to one record. `version` is the one it was read at, 0 for a new one; a conflict means decide again. */
export interface RecordWrite {
  readonly kind: string;
  readonly key: string;
  readonly version: number;
  /** JSON-able; null removes the record. */
  readonly value: object | null;
  /** What it can be found by; replaces what was there. */
  readonly indexes?: Readonly<Record<string, string | readonly string[]>>;
}

/** A message to somebody else: the outbox. */
export interface Outgoing {
  readonly to: SystemId;
  readonly interaction: InteractionId;
  readonly contentType: string;
  readonly body: string;
  /** Messages to one receiver with one key keep their order where the contract asks for it. */
  readonly orderKey?: string;
  readonly conversationId?: string;
  readonly refToMessageId?: string;
  /** Tells the receiver's person what it is without opening it; never a patient's name or number. */
  readonly subject?: string;
}

/** One line of the audit trail; who, when and which message are added from the cause. */
export interface AuditEvent {
  /** A verb of the field: prescription-order, release, read-summary, override, refuse, deliver ... */
  readonly action: string;
  readonly outcome: 'success' | 'refused' | 'failed';
  readonly code?: string;
  readonly patient?: NhsNumber;
  /** Why: the legal basis, the override's reason, the rule that refused. */
  readonly reason?: string;
  /** Record, delivery or other thing touched, as `kind/key`; never free text from a sender. */
  readonly entity?: string;
}

/** Something the secondary-use pipeline may learn. Identity is removed on the way to the lake, never after. */
export interface Fact {
  /** prescription-ordered, summary-viewed, referral-created ... */
  readonly kind: string;
  /** Replaced by a keyed pseudonym before it leaves the store. */
  readonly patient?: NhsNumber;
  /** Codes and counts only, never free text. */
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
}

export interface Decision {
  readonly answer: Answer;
  readonly records?: readonly RecordWrite[];
  readonly send?: readonly Outgoing[];
  /** Never empty: a decision nobody can see was not made. */
  readonly events: readonly [AuditEvent, ...AuditEvent[]];
  readonly facts?: readonly Fact[];
}
