/** Who is connected, as every folder may ask: systems, organisations, endpoints and contracts. */
import type { Contract } from './contract.ts';
import type { InteractionId, OdsCode, PartyKey, SystemId } from './identifiers.ts';
import type { Party, SystemKind } from './party.ts';

export interface Organisation {
  readonly ods: OdsCode;
  readonly name: string;
  readonly active: boolean;
}

/** Where a system takes what it receives. */
export interface Endpoint {
  readonly url: string;
  readonly wire: 'ebxml' | 'fhir' | 'xml';
  /** Longest wait for an answer. */
  readonly timeout_ms: number;
}

export interface ConnectedSystem {
  readonly systemId: SystemId;
  readonly partyKey: PartyKey;
  readonly ods: OdsCode;
  readonly kind: SystemKind;
  readonly name: string;
  readonly status: 'active' | 'suspended' | 'revoked';
  readonly sends: readonly InteractionId[];
  readonly receives: readonly InteractionId[];
  /** Push where there is one; a system without one takes its messages from its mailbox. */
  readonly endpoint?: Endpoint;
  /** SHA-256 fingerprints, hex in capitals without colons, of the certificates it may present. */
  readonly certificates: readonly string[];
  /** Contracts that differ from the interaction's own. */
  readonly contracts?: Readonly<Record<InteractionId, Partial<Contract>>>;
}

/** Look-ups in memory, never a scan and never a wait. */
export interface DirectoryReader {
  system(systemId: SystemId): ConnectedSystem | undefined;
  systemByCertificate(fingerprint: string): ConnectedSystem | undefined;
  systemByPartyKey(partyKey: PartyKey): ConnectedSystem | undefined;
  organisation(ods: OdsCode): Organisation | undefined;
  /** The active system of an organisation that receives this interaction. */
  receiver(ods: OdsCode, interaction: InteractionId): ConnectedSystem | undefined;
  /** Identity for the message path; undefined when it is not active. */
  party(systemId: SystemId): Party | undefined;
  /** What holds between the hub and this system for this interaction. */
  contract(systemId: SystemId, interaction: InteractionId): Contract;
}
