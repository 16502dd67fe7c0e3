/** What an operator may ask of a hub: one table that the HTTPS API, its client and the command line are made from. */
import type { Verification } from '../../audit/verify.ts';
import type { AuditLine } from '../../core/audit-chain.ts';
import type { Instant } from '../../core/clock.ts';
import type { DeadLetter } from '../../core/delivery.ts';
import type { ConnectedSystem, Organisation } from '../../core/directory.ts';
import type { OdsCode, SystemId } from '../../core/identifiers.ts';
import type { SystemKind } from '../../core/party.ts';
import type { Backlog, Track } from '../../core/store.ts';

export interface GivenInvitation {
  readonly systemId: SystemId;
  /** Shown this once; the hub keeps its hash. */
  readonly token: string;
  readonly expiresAt: Instant;
}

export interface RegisteredSystem {
  readonly system: ConnectedSystem;
  /** Absent where certificates come from an authority outside the hub. */
  readonly invitation?: GivenInvitation;
}

export interface SystemQuery {
  readonly ods?: OdsCode;
  readonly kind?: SystemKind;
  readonly status?: ConnectedSystem['status'];
  /** Systems after this id. */
  readonly after?: SystemId;
  readonly limit?: number;
}

export interface SystemPage {
  readonly systems: readonly ConnectedSystem[];
  /** Ask with this as `after` for more; absent at the end. */
  readonly next?: SystemId;
}

export interface CertificateView {
  readonly fingerprint256: string;
  /** Known where the hub's own authority issued it. */
  readonly serial?: string;
  readonly issuedAt?: string;
  readonly notAfter?: Instant;
}

/** Where a message stands; what it was answered, without the document that a record may be in. */
export interface TrackView extends Omit<Track, 'answer'> {
  readonly answer?: { readonly kind: string; readonly status?: number; readonly code?: string; readonly text?: string };
}

export interface DeadLetterView {
  readonly letter: DeadLetter;
  readonly contentType: string;
  /** The bytes as they were, base64. */
  readonly body_base64: string;
}

export interface LakeAnswer {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number | boolean | null)[])[];
  readonly truncated: boolean;
}

export interface HubStatus {
  readonly backlog: Backlog;
  readonly auditLines: number;
  /** Why nothing new comes in; absent while it does, or where no hub runs. */
  readonly closedBecause?: string;
  readonly circuits: readonly { readonly receiver: SystemId; readonly state: string; readonly waiting: number }[];
}

export interface VerifyOptions {
  /** The text of a heads.jsonl that was kept elsewhere. */
  readonly headsCopy?: string;
  readonly publicKeyPem?: string;
}

export interface SystemStepInput {
  readonly systemId: SystemId;
  readonly reason?: string;
}

/** Each operation: one object in, one JSON-able value out. All throw HubError. Inputs are checked whatever their type. */
export interface Administration {
  addOrganisation(input: object): Promise<Organisation>;
  organisation(input: { readonly ods: OdsCode }): Promise<Organisation>;
  /** Registers, then invites to enrol; see directory/input.ts SystemInput. */
  addSystem(input: object): Promise<RegisteredSystem>;
  inviteSystem(input: { readonly systemId: SystemId }): Promise<GivenInvitation>;
  systems(input: SystemQuery): Promise<SystemPage>;
  system(input: { readonly systemId: SystemId }): Promise<{ system: ConnectedSystem; version: number }>;
  changeSystem(input: { readonly systemId: SystemId }): Promise<ConnectedSystem>;
  suspendSystem(input: SystemStepInput): Promise<ConnectedSystem>;
  resumeSystem(input: SystemStepInput): Promise<ConnectedSystem>;
  /** With all its certificates, on connections that are open too. */
  revokeSystem(input: SystemStepInput): Promise<ConnectedSystem>;
  certificates(input: { readonly systemId: SystemId }): Promise<readonly CertificateView[]>;
  bindCertificate(input: { readonly systemId: SystemId; readonly fingerprint: string }): Promise<ConnectedSystem>;
  revokeCertificate(input: {
    readonly systemId: SystemId;
    readonly fingerprint: string;
    readonly reason?: string;
  }): Promise<ConnectedSystem>;
  track(input: { readonly messageId: string }): Promise<readonly TrackView[]>;
  deadLetters(input: { readonly after?: string; readonly limit?: number }): Promise<readonly DeadLetter[]>;
  deadLetter(input: { readonly id: string }): Promise<DeadLetterView>;
  replay(input: { readonly id: string }): Promise<{ readonly replayed: true }>;
  auditLines(input: { readonly after?: number; readonly limit?: number }): Promise<readonly AuditLine[]>;
  patientLines(input: {
    readonly patient: string;
    readonly before?: number;
    readonly limit?: number;
  }): Promise<readonly AuditLine[]>;
  queryLake(input: { readonly sql: string }): Promise<LakeAnswer>;
  status(input?: object): Promise<HubStatus>;
  /** Reads the whole trail; `onProgress` is told of the lines read so far. */
  verifyAudit(input: VerifyOptions, onProgress?: (lines: number) => void): Promise<Verification>;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH';
  /** Names in braces come out of the input, each as one segment; the rest travels in the query or the body. */
  readonly path: string;
  /** Query parameters that are numbers. */
  readonly numbers?: readonly string[];
}

/** A patient's number travels in a body: paths and queries end in the logs of whatever stands between. */
export const ROUTES = {
  addOrganisation: { method: 'POST', path: '/organisations' },
  organisation: { method: 'GET', path: '/organisations/{ods}' },
  addSystem: { method: 'POST', path: '/systems' },
  inviteSystem: { method: 'POST', path: '/systems/{systemId}/invitations' },
  systems: { method: 'GET', path: '/systems', numbers: ['limit'] },
  system: { method: 'GET', path: '/systems/{systemId}' },
  changeSystem: { method: 'PATCH', path: '/systems/{systemId}' },
  suspendSystem: { method: 'POST', path: '/systems/{systemId}/suspend' },
  resumeSystem: { method: 'POST', path: '/systems/{systemId}/resume' },
  revokeSystem: { method: 'POST', path: '/systems/{systemId}/revoke' },
  certificates: { method: 'GET', path: '/systems/{systemId}/certificates' },
  bindCertificate: { method: 'POST', path: '/systems/{systemId}/certificates' },
  revokeCertificate: { method: 'POST', path: '/systems/{systemId}/certificates/{fingerprint}/revoke' },
  track: { method: 'GET', path: '/messages/{messageId}' },
  deadLetters: { method: 'GET', path: '/dead-letters', numbers: ['limit'] },
  deadLetter: { method: 'GET', path: '/dead-letters/{id}' },
  replay: { method: 'POST', path: '/dead-letters/{id}/replay' },
  auditLines: { method: 'GET', path: '/audit/lines', numbers: ['after', 'limit'] },
  patientLines: { method: 'POST', path: '/audit/patient' },
  queryLake: { method: 'POST', path: '/lake/query' },
  status: { method: 'GET', path: '/status' },
  verifyAudit: { method: 'POST', path: '/audit/verify' },
} as const satisfies Record<keyof Administration, Route>;

export type OperationName = keyof Administration;
export const OPERATION_NAMES = Object.keys(ROUTES) as readonly OperationName[];

/** `{name}` parts of a route's path. */
export const pathNames = (path: string): readonly string[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
