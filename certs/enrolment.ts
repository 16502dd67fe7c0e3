/** How a system comes by its certificate: invited once with a token, renewed with the old one, revoked for good. */
import { createHash, randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { type Instant, iso } from '../core/clock.ts';
import type { AuditEvent, Decision, RecordWrite } from '../core/decision.ts';
import type { ConnectedSystem, DirectoryReader } from '../core/directory.ts';
import { HubError } from '../core/errors.ts';
import type { SystemId } from '../core/identifiers.ts';
import type { RecordReader } from '../core/records.ts';
import type { Authority, EndpointNames } from './authority.ts';
import type { RevocationReason } from './authority-register.ts';
import { checkCsr } from './csr.ts';

/** Kind of the records that hold invitations; the key is the SHA-256 of the token, hex: the token itself is never kept. */
export const ENROLMENT_TOKEN_KIND = 'enrolment-token';

export interface EnrolmentTokenRecord {
  readonly systemId: SystemId;
  readonly expiresAt: Instant;
  /** Set by the one commit that used it. */
  readonly usedAt?: Instant;
}

export interface EnrolmentParts {
  readonly records: RecordReader;
  readonly directory: DirectoryReader;
  readonly authority: Pick<Authority, 'certificatePem' | 'issueClient' | 'find' | 'revoke'>;
  /** What binds a fingerprint to a system, or frees it: decisions of the directory, made part of ours. */
  readonly bind: (systemId: SystemId, fingerprint256: string) => Promise<Decision>;
  readonly unbind: (systemId: SystemId, fingerprint256: string) => Promise<Decision>;
  readonly now: Instant;
}

const HOUR_MS = 60 * 60 * 1_000;
const INVITATION_LIFE_MS = 24 * HOUR_MS;
const LONGEST_INVITATION_MS = 7 * 24 * HOUR_MS;
const TOKEN = /^[A-Za-z0-9_-]{43}$/;

export interface Invitation {
  /** 256 random bits in base64url; shown once, to whoever hands it to the system's people. */
  readonly token: string;
  readonly expiresAt: Instant;
  readonly decision: Decision;
}

/** Invites a registered, active system. Throws HubError NOT_FOUND or SYSTEM_SUSPENDED. `life_ms` at most seven days. */
export function invitationDecision(
  systemId: SystemId,
  parts: Pick<EnrolmentParts, 'directory' | 'now'> & { life_ms?: number; random?: (bytes: number) => Buffer },
): Invitation {
  const { directory, now, life_ms = INVITATION_LIFE_MS, random = randomBytes } = parts;
  activeSystem(directory, systemId);
  const token = random(32).toString('base64url');
  const expiresAt = now + Math.min(life_ms, LONGEST_INVITATION_MS);
  const value: EnrolmentTokenRecord = { systemId, expiresAt };
  return {
    token,
    expiresAt,
    decision: {
      answer: { kind: 'accepted', text: `The invitation may be used once, before ${iso(expiresAt)}.` },
      records: [{ kind: ENROLMENT_TOKEN_KIND, key: hashOf(token), version: 0, value, indexes: { system: systemId } }],
      events: [event('invite-system', systemId)],
    },
  };
}

export interface EnrolmentRequest {
  readonly token: string;
  readonly csrPem: string;
}

export interface Enrolment {
  readonly systemId: SystemId;
  readonly fingerprint256: string;
  /** Its answer is a document: the certificate, then the authority's, PEM. */
  readonly decision: Decision;
}

/**
 * Redeems a token for a certificate. The token's record is written at the version it was read, so of two commits one is
 * stale; decided again, it is refused. A certificate of a decision that was never committed is bound to nobody.
 * Throws HubError CSR_INVALID (the token stays good) or ENROLMENT_REFUSED (unknown, used, expired, system not active).
 */
export async function enrolmentDecision(request: EnrolmentRequest, parts: EnrolmentParts): Promise<Enrolment> {
  const { records, directory, now } = parts;
  await checkCsr(request.csrPem);
  if (!TOKEN.test(request.token)) throw new HubError('ENROLMENT_REFUSED');
  const found = await records.get<EnrolmentTokenRecord>(ENROLMENT_TOKEN_KIND, hashOf(request.token));
  if (found === undefined || found.value.usedAt !== undefined || now >= found.value.expiresAt) {
    throw new HubError('ENROLMENT_REFUSED');
  }
  const system = directory.system(found.value.systemId);
  if (system?.status !== 'active') throw new HubError('ENROLMENT_REFUSED');
  const used: RecordWrite = {
    kind: ENROLMENT_TOKEN_KIND,
    key: found.key,
    version: found.version,
    value: { ...found.value, usedAt: now } satisfies EnrolmentTokenRecord,
    indexes: { system: system.systemId },
  };
  return issueAndBind(system, request.csrPem, 'enrol-system', [used], parts);
}

/**
 * Another certificate for whoever holds a bound one; the old one stays good until it ends or is revoked.
 * `currentFingerprint256` is the peer's of this very connection. Throws HubError CERTIFICATE_UNKNOWN, SYSTEM_SUSPENDED
 * or CSR_INVALID.
 */
export async function renewalDecision(
  request: { readonly currentFingerprint256: string; readonly csrPem: string },
  parts: EnrolmentParts,
): Promise<Enrolment> {
  await checkCsr(request.csrPem);
  const holder = parts.directory.systemByCertificate(request.currentFingerprint256);
  if (holder === undefined) throw new HubError('CERTIFICATE_UNKNOWN');
  const system = activeSystem(parts.directory, holder.systemId);
  return issueAndBind(system, request.csrPem, 'renew-certificate', [], parts);
}

/**
 * Revokes one certificate of a system. It is on the revocation list before the decision is committed, so a crash between
 * leaves it refused; done again is harmless. One that another authority issued is only unbound: that authority revokes it.
 */
export async function revocationDecision(
  request: { readonly systemId: SystemId; readonly fingerprint256: string; readonly reason?: RevocationReason },
  parts: EnrolmentParts,
): Promise<Decision> {
  const { systemId, fingerprint256, reason } = request;
  const unbound = await parts.unbind(systemId, fingerprint256);
  if (unbound.answer.kind === 'refused') return unbound;
  const issued = await parts.authority.find(fingerprint256);
  if (issued !== undefined) await parts.authority.revoke(issued.serial, reason);
  return {
    ...unbound,
    events: [
      { ...event('revoke-certificate', systemId), entity: `certificate/${fingerprint256}`, ...(reason && { reason }) },
      ...unbound.events,
    ],
  };
}

async function issueAndBind(
  system: ConnectedSystem,
  csrPem: string,
  action: string,
  writes: readonly RecordWrite[],
  { authority, bind }: EnrolmentParts,
): Promise<Enrolment> {
  const { systemId } = system;
  const issued = await authority.issueClient({
    commonName: systemId,
    organisation: system.ods,
    key: { csrPem },
    ...(system.endpoint && { endpoint: namesOf(system.endpoint.url) }),
  });
  const bound = await bind(systemId, issued.fingerprint256);
  if (bound.answer.kind === 'refused') return { systemId, fingerprint256: issued.fingerprint256, decision: bound };
  return {
    systemId,
    fingerprint256: issued.fingerprint256,
    decision: {
      answer: {
        kind: 'document',
        status: 201,
        contentType: 'application/pem-certificate-chain',
        body: `${issued.certificatePem}${authority.certificatePem}`,
      },
      records: [...writes, ...(bound.records ?? [])],
      events: [{ ...event(action, systemId), reason: `certificate ${issued.serial}` }, ...bound.events],
    },
  };
}

function activeSystem(directory: DirectoryReader, systemId: SystemId): ConnectedSystem {
  const system = directory.system(systemId);
  if (system === undefined) throw new HubError('NOT_FOUND');
  if (system.status !== 'active') throw new HubError('SYSTEM_SUSPENDED');
  return system;
}

/** The operator registered where the system receives, so its certificate may speak for that name. */
function namesOf(url: string): EndpointNames {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  return isIP(host) > 0 ? { ipAddresses: [host] } : { dnsNames: [host] };
}

const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

const event = (action: string, systemId: SystemId): AuditEvent => ({
  action,
  outcome: 'success',
  entity: `system/${systemId}`,
});
