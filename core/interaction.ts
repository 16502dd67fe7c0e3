/** An interaction: one thing that a connected system may ask of the hub, as the broker and the doors know it. */
import type { Instant } from './clock.ts';
import type { Contract } from './contract.ts';
import type { Decision } from './decision.ts';
import type { DirectoryReader } from './directory.ts';
import type { CheckedDocument } from './document.ts';
import type { Cause } from './envelope.ts';
import type { InteractionId } from './identifiers.ts';
import type { Party, Person, SystemKind } from './party.ts';
import type { RecordReader } from './records.ts';

/** How a sender asks for an interaction; the doors build their routes from these. */
export type Address =
  /** `/path/{name}` with parameters in braces; names of query parameters that it takes, a `!` after a required one. */
  | {
      readonly wire: 'fhir';
      readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH';
      readonly path: string;
      readonly query?: readonly string[];
      /** Headers, in lower case, handed to the interaction as parameters. */
      readonly headers?: readonly string[];
      /** For paths that carry several interactions: the one whose MessageHeader.eventCoding.code this is. */
      readonly event?: string;
    }
  | { readonly wire: 'ebxml'; readonly service: string; readonly action: string }
  /** A bare XML document posted to a path. */
  | { readonly wire: 'xml'; readonly path: string };

/** Who may send it. Everything is refused that is not named here. */
export interface SenderRule {
  readonly kinds: readonly SystemKind[];
  /** 'token': a person's signed token is required, and the role must have one of the activities. */
  readonly person: 'none' | 'optional' | 'token';
  readonly activities?: readonly string[];
}

/** Everything a rule may see; nothing it may change. */
export interface Context {
  readonly cause: Cause;
  readonly records: RecordReader;
  readonly party: Party;
  readonly person?: Person;
  readonly now: Instant;
  readonly directory: DirectoryReader;
  /** A fresh GUID in capitals for what this decision makes; the same for the same cause and number. */
  id(number: number): string;
}

export interface Interaction<Message = unknown> {
  readonly id: InteractionId;
  /** What it is, for people. */
  readonly title: string;
  /** A query leaves the caller waiting for its answer; a command may be answered later; a forward is passed on. */
  readonly exchange: 'query' | 'command' | 'forward';
  readonly addresses: readonly Address[];
  /** Name in the schema catalogue, or 'none' for a request without a body. */
  readonly schema: string;
  readonly senders: SenderRule;
  readonly contract?: Partial<Contract>;
  /** The checked document becomes the domain's message. Pure. Throws HubError where a value is not acceptable. */
  read(document: CheckedDocument, cause: Cause): Message;
  /** Reads what it needs, and returns what should happen. Called again when a record it read has changed. */
  decide(message: Message, context: Context): Promise<Decision>;
}
