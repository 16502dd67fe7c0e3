/** What crosses between a hub thread and the store's thread: flat rows, prepared on the caller's side. */
import type { Actor } from '../../core/audit-chain.ts';
import type { AuditEvent } from '../../core/decision.ts';
import type { Lease, Settlement } from '../../core/delivery.ts';
import type { MessageKey } from '../../core/envelope.ts';

export interface MessageRow {
  readonly sender: string;
  readonly id: string;
  readonly interaction: string;
  readonly digest: string;
  readonly receivedAt: number;
  /** core/cause-text.ts */
  readonly cause: string;
  readonly actor: Actor;
}

export interface RecordRow {
  readonly kind: string;
  readonly key: string;
  readonly version: number;
  /** JSON, or null to remove. */
  readonly value: string | null;
  /** Name, value, name, value ... */
  readonly indexes: readonly string[];
}

export interface DeliveryRow {
  readonly id: string;
  readonly receiver: string;
  readonly pull: boolean;
  readonly lane: string | null;
  /** The draft without its body, as JSON. */
  readonly draft: string;
  readonly body: string;
}

export interface FactRow {
  readonly kind: string;
  readonly patient: string | null;
  readonly attributes: string;
}

export interface CommitRow {
  readonly message: MessageRow;
  readonly body: Uint8Array | null;
  readonly at: number;
  readonly answer: string;
  readonly dead: string | null;
  readonly records: readonly RecordRow[];
  readonly deliveries: readonly DeliveryRow[];
  readonly events: readonly AuditEvent[];
  readonly ods: string;
  readonly facts: readonly FactRow[];
  readonly lease: Lease | null;
}

/** A delivery as read back: its draft's JSON, its body, and what has happened to it. */
export interface DeliveryRead {
  readonly draft: string;
  readonly body: string;
  readonly sender: string;
  readonly messageId: string;
  readonly createdAt: number;
  readonly attempts: number;
}

export type SettlementRow = Omit<Settlement, 'outcome'> & {
  readonly outcome:
    | Exclude<Settlement['outcome'], { kind: 'dead' }>
    | { kind: 'dead'; reason: string; notice: DeliveryRow | null };
};

export interface WriteOperations {
  admit(
    message: MessageRow,
    body: Uint8Array,
  ): { kind: 'new' } | { kind: 'same'; answer: string | null } | { kind: 'conflict' };
  commit(
    row: CommitRow,
  ):
    | { kind: 'committed'; held: string[]; waiting: string[] }
    | { kind: 'same'; answer: string }
    | { kind: 'conflict' }
    | { kind: 'stale' }
    | { kind: 'bodyless' };
  audit(actor: Actor, at: number, events: readonly AuditEvent[]): void;
  claim(lease: Lease, now: number, limit: number, ids: readonly string[] | null): DeliveryRead[];
  settle(rows: readonly SettlementRow[]): boolean[];
  replay(id: string, actor: Actor, at: number): boolean;
  forgetFacts(upTo: number): void;
  purge(decidedBefore: number, limit: number): number;
}

export interface ReadOperations {
  get(kind: string, key: string): { version: number; value: string } | undefined;
  find(
    kind: string,
    index: string | null,
    value: string,
    limit: number,
    descending: boolean,
    after: string | null,
  ): { key: string; version: number; value: string }[];
  undecided(before: number, limit: number): string[];
  envelopes(keys: readonly MessageKey[]): { cause: string; body: Uint8Array }[];
  due(now: number, limit: number): { id: string; receiver: string; lane: string | null }[];
  inbox(receiver: string, after: number, limit: number): { seq: number; draft: string; createdAt: number }[];
  inboxMessage(receiver: string, id: string): DeliveryRead | undefined;
  deadLetters(after: string | null, limit: number): DeadRow[];
  deadLetter(id: string): { letter: DeadRow; contentType: string; body: Uint8Array } | undefined;
  track(id: string): TrackRow[];
  backlog(): { undecided: number; undelivered: number; dead: number; unreadFacts: number };
  auditLines(after: number, limit: number): { line: string; hash: string }[];
  auditForPatient(patient: string, before: number | null, limit: number): { line: string; hash: string }[];
  facts(after: number, limit: number): Record<string, unknown>[];
}

export interface DeadRow {
  readonly id: string;
  readonly kind: 'delivery' | 'message';
  readonly receiver: string;
  readonly interaction: string;
  readonly sender: string;
  readonly messageId: string;
  readonly reason: string;
  readonly diedAt: number;
  readonly attempts: number;
}

export interface TrackRow {
  readonly sender: string;
  readonly id: string;
  readonly interaction: string;
  readonly stage: number;
  readonly receivedAt: number;
  readonly decidedAt: number | null;
  readonly answer: string | null;
  readonly reason: string | null;
  readonly deliveries: readonly {
    id: string;
    receiver: string;
    pull: number;
    draft: string;
    state: number;
    attempts: number;
    createdAt: number;
    settledAt: number | null;
    reason: string | null;
  }[];
}

export type Operations = WriteOperations & ReadOperations;
export type OperationName = keyof Operations;

export const READS: ReadonlySet<string> = new Set<keyof ReadOperations>([
  'get',
  'find',
  'undecided',
  'envelopes',
  'due',
  'inbox',
  'inboxMessage',
  'deadLetters',
  'deadLetter',
  'track',
  'backlog',
  'auditLines',
  'auditForPatient',
  'facts',
]);

/** One call: its number, its operation, its arguments. */
export type Call = readonly [number: number, name: OperationName, args: readonly unknown[]];
/** One answer: the call's number, and either a value or why not. */
export type Reply = readonly [number: number, value: unknown, failure?: string];
