/** What the doors are handed: everything of the hub that a request may reach. */
import type { Actor } from '../core/audit-chain.ts';
import type { Clock } from '../core/clock.ts';
import type { Answer, AuditEvent } from '../core/decision.ts';
import type { Delivery } from '../core/delivery.ts';
import type { DirectoryReader } from '../core/directory.ts';
import type { CheckedDocument } from '../core/document.ts';
import type { Envelope } from '../core/envelope.ts';
import type { InteractionId, SystemId } from '../core/identifiers.ts';
import type { Interaction, SenderRule } from '../core/interaction.ts';
import type { Party, Person } from '../core/party.ts';
import type { InboxEntry } from '../core/store.ts';
import type { Telemetry } from '../core/telemetry.ts';

/** Keeps, decides and answers; see broker/path.ts. */
export interface PathPort {
  accept(envelope: Envelope, message: unknown): Promise<{ readonly repeated: boolean; readonly answer?: Answer }>;
  answer(envelope: Envelope, message: unknown): Promise<Answer>;
}

export interface CheckerPort {
  /** Throws where the bytes do not keep to the schema. */
  verify(schema: string, bytes: Uint8Array): void;
  /** The document of bytes that `verify` let through. */
  read(schema: string, bytes: Uint8Array): CheckedDocument;
  /** `verify`, then `read`, at the price of one. */
  check(schema: string, bytes: Uint8Array): CheckedDocument;
}

export interface MailboxPort {
  list(receiver: SystemId, query: { after: number; limit: number }): Promise<InboxEntry[]>;
  fetch(receiver: SystemId, id: string): Promise<Delivery | undefined>;
  /** False when there is nothing of this id to acknowledge for this receiver. */
  acknowledge(party: Party, id: string): Promise<boolean>;
}

export interface DoorPorts {
  readonly path: PathPort;
  readonly checker: CheckerPort;
  readonly mailbox: MailboxPort;
  readonly directory: DirectoryReader;
  readonly interactions: ReadonlyMap<InteractionId, Interaction>;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** The hub's own party key, and its name in contracts. */
  readonly hub: { readonly partyKey: string; readonly cpaId: string };
  /** What the hub says of itself in its capability statements. */
  readonly about: { readonly at: number; readonly software: { readonly name: string; readonly version: string } };
  /** Most bytes of a body, as sent and as unpacked. */
  readonly mostBody_bytes: number;
  /** Longest wait of a sender for an answer. */
  readonly answerWithin_ms: number;
  /** Throws where this system, or this person for it, may not send this interaction. */
  authorise(party: Party, interaction: InteractionId, rule: SenderRule, person: Person | undefined): void;
  /** The person of a bearer token bound to this certificate; undefined without a token. Throws TOKEN_INVALID. */
  person(
    authorization: string | undefined,
    thumbprint: string,
    roleId: string | undefined,
  ): Promise<Person | undefined>;
  /** Milliseconds this system must wait, 0 to go on. */
  pace(party: Party): number | Promise<number>;
  audit(actor: Actor, events: readonly AuditEvent[]): Promise<void>;
}
