/** Who is at the other end: the connected system that the certificate proves, and the person the token proves. */
import type { InteractionId, OdsCode, PartyKey, SystemId } from './identifiers.ts';

/** What a connected system is; the first thing that a rule about senders asks. */
export const SYSTEM_KINDS = [
  'general-practice',
  'pharmacy',
  'emergency-department',
  'outpatient-booking',
  'local-authority',
  'data-collecting-trust',
  'national-service',
] as const;
export type SystemKind = (typeof SYSTEM_KINDS)[number];

/** A registered system as the handshake proved it. Read once for each connection and kept on the socket. */
export interface Party {
  readonly systemId: SystemId;
  readonly partyKey: PartyKey;
  readonly ods: OdsCode;
  readonly kind: SystemKind;
  readonly name: string;
  /** What this system may send, by interaction; a system may send nothing that is not here. */
  readonly sends: ReadonlySet<InteractionId>;
}

/** A person who acts, as a signed token of a configured issuer proved. */
export interface Person {
  /** The user's identifier, unique at the issuer. */
  readonly userId: string;
  /** Identifier of the role chosen for this call (URID). */
  readonly roleId: string;
  /** Code of the role, such as S8000:G8000:R8000. */
  readonly role: string;
  readonly ods: OdsCode;
  /** Activity codes of the chosen role, such as B0420. */
  readonly activities: ReadonlySet<string>;
}
