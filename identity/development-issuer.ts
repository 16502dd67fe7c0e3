/** An issuer of people's tokens for one machine: its key lies in the data folder, and it believes whoever may read that. */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  randomUUID,
} from 'node:crypto';
import { link, mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { calculateJwkThumbprint, exportJWK, type JSONWebKeySet, SignJWT } from 'jose';
import type { Clock } from '../core/clock.ts';
import type { OdsCode } from '../core/identifiers.ts';

export const DEVELOPMENT_ISSUER = 'urn:vertebra:development-issuer';
const LONGEST_LIFE_S = 3_600;

export interface IssuedRole {
  readonly roleId: string;
  readonly role: string;
  readonly ods: OdsCode;
  readonly activities: readonly string[];
}

export interface TokenRequest {
  readonly userId: string;
  readonly roles: readonly IssuedRole[];
  readonly audience: string;
  /** Seconds, at most an hour. Default 10 minutes. */
  readonly life_s?: number;
  /** Binds the token to a certificate: SHA-256, hex, with or without colons. */
  readonly certificateFingerprint?: string;
}

export interface DevelopmentIssuer {
  /** What `iss` says. */
  readonly issuer: string;
  /** The public key, for `createTokenVerifier`. */
  readonly jwks: JSONWebKeySet;
  readonly algorithms: readonly ['ES256'];
  /** A compact JWT, for `Authorization: Bearer`. */
  issueToken(request: TokenRequest): Promise<string>;
}

/** Opens the issuer of a folder, and makes its key first where there is none. */
export async function openDevelopmentIssuer(
  folder: string,
  { clock, issuer = DEVELOPMENT_ISSUER }: { clock: Clock; issuer?: string },
): Promise<DevelopmentIssuer> {
  const key = await openKey(folder);
  const jwk = await exportJWK(createPublicKey(key));
  const kid = await calculateJwkThumbprint(jwk);
  return {
    issuer,
    jwks: { keys: [{ ...jwk, kid, alg: 'ES256', use: 'sig' }] },
    algorithms: ['ES256'],
    issueToken({ userId, roles, audience, life_s = 600, certificateFingerprint }) {
      const now_s = Math.floor(clock.now() / 1_000);
      return new SignJWT({
        nhsid_useruid: userId,
        nhsid_nrbac_roles: roles.map(({ roleId, role, ods, activities }) => ({
          person_roleid: roleId,
          org_code: ods,
          role_code: role,
          activity_codes: activities,
        })),
        ...(certificateFingerprint !== undefined && { cnf: { 'x5t#S256': thumbprint(certificateFingerprint) } }),
      })
        .setProtectedHeader({ alg: 'ES256', typ: 'JWT', kid })
        .setIssuer(issuer)
        .setSubject(userId)
        .setAudience(audience)
        .setIssuedAt(now_s)
        .setNotBefore(now_s)
        .setExpirationTime(now_s + Math.min(life_s, LONGEST_LIFE_S))
        .setJti(randomUUID())
        .sign(key);
    },
  };
}

const thumbprint = (fingerprint: string): string =>
  Buffer.from(fingerprint.replaceAll(':', ''), 'hex').toString('base64url');

async function openKey(folder: string): Promise<KeyObject> {
  const path = join(folder, 'issuer.key.pem');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if ((await stat(path).catch(() => undefined)) === undefined) await makeKey(path);
  if (((await stat(path)).mode & 0o077) !== 0) throw new Error(`${path} may be read by others: chmod 600 it.`);
  return createPrivateKey(await readFile(path, 'utf8'));
}

/** Written beside and linked into place: whole or not there, and of two processes that start together one wins. */
async function makeKey(path: string): Promise<void> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const beside = `${path}.${process.pid}.${randomBytes(6).toString('hex')}`;
  try {
    const file = await open(beside, 'wx', 0o600);
    try {
      await file.writeFile(privateKey.export({ type: 'pkcs8', format: 'pem' }));
      await file.sync();
    } finally {
      await file.close();
    }
    await link(beside, path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
  } finally {
    await rm(beside, { force: true });
  }
}
