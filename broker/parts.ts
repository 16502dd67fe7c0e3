/** What the message path is made of; the composition root hands these in. */
import type { Broker } from '../core/broker.ts';
import type { Clock } from '../core/clock.ts';
import type { DirectoryReader } from '../core/directory.ts';
import type { CheckedDocument } from '../core/document.ts';
import type { InteractionId } from '../core/identifiers.ts';
import type { Interaction } from '../core/interaction.ts';
import type { Store } from '../core/store.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { Transport } from '../core/transport.ts';

export interface PathParts {
  readonly store: Store;
  readonly broker: Broker;
  readonly directory: DirectoryReader;
  readonly clock: Clock;
  readonly transport: Transport;
  readonly telemetry: Telemetry;
  /** Every interaction that an adapter brought. */
  readonly interactions: ReadonlyMap<InteractionId, Interaction>;
  /** Builds the document again from bytes that passed their schema when they came in. */
  readDocument(schema: string, body: Uint8Array): CheckedDocument;
  /** Names this process in leases; new at every start. */
  readonly owner: string;
  readonly limits: PathLimits;
}

export interface PathLimits {
  /** How long this process may hold a delivery before another may take it. */
  readonly lease_ms: number;
  /** Attempts under way at once to one receiver. */
  readonly perReceiver: number;
  /** Deliveries waiting in memory for one receiver; more stay in the store. */
  readonly queuePerReceiver: number;
  /** Deliveries in hand beyond which new ones are left to other processes, where there are any. */
  readonly holdAtMost: number;
  /** Bodies kept in memory while their work passes through the broker. */
  readonly remembered_bytes: number;
  /** Failures in a row that open a receiver's circuit, and how long it stays open at first and at most. */
  readonly circuitFailures: number;
  readonly circuitOpen_ms: number;
  readonly circuitOpenMost_ms: number;
  /** How often the store is asked for work that nobody holds. */
  readonly sweepEvery_ms: number;
  /** An accepted message still undecided after this long is handed out again. */
  readonly undecidedAfter_ms: number;
  /** Backlog at which new messages are refused. */
  readonly mostUndecided: number;
  readonly mostUndelivered: number;
  readonly mostMemory_bytes: number;
  readonly leastDisk_bytes: number;
}

export const DEFAULT_LIMITS: PathLimits = {
  lease_ms: 60_000,
  perReceiver: 16,
  queuePerReceiver: 2_000,
  holdAtMost: 2_000,
  remembered_bytes: 32_000_000,
  circuitFailures: 5,
  circuitOpen_ms: 1_000,
  circuitOpenMost_ms: 60_000,
  sweepEvery_ms: 1_000,
  undecidedAfter_ms: 5_000,
  mostUndecided: 50_000,
  mostUndelivered: 2_000_000,
  mostMemory_bytes: 1_500_000_000,
  leastDisk_bytes: 200_000_000,
};
