/** Proves who the person is: a signed token of a configured issuer, shown by the certificate it is bound to. */
import { hash } from 'node:crypto';
import { decodeJwt, jwtVerify } from 'jose';
import type { Clock } from '../core/clock.ts';
import { HubError } from '../core/errors.ts';
import type { Person } from '../core/party.ts';
import { chooseRole, readClaims } from './claims.ts';
import { type IssuerKeys, type KeySource, openIssuerKeys } from './issuer-keys.ts';
import { TokenCache, type VerifiedToken } from './token-cache.ts';

/** Asymmetric only: 'none' and HMAC have no place here (RFC 8725, 3.1 and 3.2). */
export const TOKEN_ALGORITHMS = ['ES256', 'PS256', 'RS256', 'RS512'] as const;
export type TokenAlgorithm = (typeof TOKEN_ALGORITHMS)[number];

export type Issuer = KeySource & {
  /** Exactly as in `iss`. */
  readonly issuer: string;
  /** What `aud` must name: this hub. */
  readonly audience: string;
  readonly algorithms: readonly TokenAlgorithm[];
  /** Accepted values of the header `typ`. Default JWT and at+jwt. */
  readonly types?: readonly string[];
  /** Oldest token by `iat`, in seconds. Default an hour. */
  readonly maxAge_s?: number;
  /** True: a token without `cnf` is refused. */
  readonly certificateBound?: boolean;
};

export interface TokenVerifierParts {
  readonly issuers: readonly Issuer[];
  readonly clock: Clock;
  /** How far the issuer's clock may differ, in seconds. Default 5. */
  readonly tolerance_s?: number;
  /** Verified tokens remembered. Default 10,000. */
  readonly remembered?: number;
}

/** What is known of the call that the token came with. */
export interface TokenContext {
  /** SHA-256 of the peer's certificate, base64url (`Peer.thumbprint` of certs/identify.ts). */
  readonly certificateThumbprint: string;
  /** Header NHSD-Session-URID. */
  readonly sessionRoleId?: string | undefined;
}

export interface TokenVerifier {
  /**
   * The person of an Authorization header. Throws HubError TOKEN_INVALID whatever is wrong with it: the caller is not
   * told what, the log finds it in `cause`. A header that is absent is the caller's to judge (PERSON_REQUIRED).
   */
  verify(authorization: string, context: TokenContext): Promise<Person>;
  /** Reads key files again and forgets what was verified with the old ones. */
  reload(): Promise<void>;
}

const LONGEST_HEADER_CHARACTERS = 16_384;
const BEARER = /^Bearer ([\w-]+\.[\w-]+\.[\w-]+)$/i;

export async function createTokenVerifier(parts: TokenVerifierParts): Promise<TokenVerifier> {
  const { issuers, clock, tolerance_s = 5, remembered = 10_000 } = parts;
  const known = new Map<string, { readonly issuer: Issuer; readonly keys: IssuerKeys }>();
  for (const issuer of issuers) {
    checkIssuer(issuer, known.has(issuer.issuer));
    known.set(issuer.issuer, { issuer, keys: await openIssuerKeys(issuer, clock) });
  }
  let cache = new TokenCache(remembered);

  async function verifyToken(token: string): Promise<VerifiedToken> {
    // Only to choose the issuer whose keys and rules the signature is then held against.
    const { iss = '' } = decodeJwt(token);
    const found = known.get(iss);
    if (found === undefined) throw new Error('no configured issuer');
    const { issuer, keys } = found;
    const maxAge_s = issuer.maxAge_s ?? 3_600;
    const { payload, protectedHeader } = await jwtVerify(token, keys.find, {
      algorithms: [...issuer.algorithms],
      issuer: issuer.issuer,
      audience: issuer.audience,
      requiredClaims: ['exp', 'iat'],
      maxTokenAge: maxAge_s,
      clockTolerance: tolerance_s,
      currentDate: new Date(clock.now()),
    });
    const type = protectedHeader.typ?.toLowerCase().replace(/^application\//, '');
    const types = issuer.types ?? ['JWT', 'at+jwt'];
    if (!types.some((accepted) => accepted.toLowerCase() === type)) throw new Error('type of token');
    const { exp = 0, iat = 0, nbf = iat } = payload;
    return {
      claims: readClaims(payload),
      certificateRequired: issuer.certificateBound ?? false,
      from: (Math.max(nbf, iat) - tolerance_s) * 1_000,
      until: (Math.min(exp, iat + maxAge_s) + tolerance_s) * 1_000,
    };
  }

  return {
    async verify(authorization, { certificateThumbprint, sessionRoleId }) {
      const token = authorization.length <= LONGEST_HEADER_CHARACTERS ? BEARER.exec(authorization)?.[1] : undefined;
      if (token === undefined) throw invalid(new Error('not a bearer token'));
      const key = hash('sha256', token, 'base64url');
      const current = cache;
      let verified = current.get(key, clock.now());
      if (verified === undefined) {
        try {
          verified = await verifyToken(token);
        } catch (cause) {
          throw invalid(cause);
        }
        current.set(key, verified);
      }
      // Below this line belongs to this call, not to the token: checked every time.
      const { claims, certificateRequired } = verified;
      if (claims.certificate === undefined ? certificateRequired : claims.certificate !== certificateThumbprint) {
        throw invalid(new Error('the token is bound to another certificate, or to none'));
      }
      return chooseRole(claims, sessionRoleId);
    },
    async reload() {
      await Promise.all([...known.values()].map(({ keys }) => keys.reload()));
      cache = new TokenCache(remembered);
    },
  };
}

const invalid = (cause: unknown): HubError => new HubError('TOKEN_INVALID', {}, { cause });

/** A configuration that would let anybody in is refused at start. */
function checkIssuer(issuer: Issuer, twice: boolean): void {
  const permitted: readonly string[] = TOKEN_ALGORITHMS;
  if (issuer.issuer === '' || issuer.audience === '') throw new Error('An issuer needs its name and an audience.');
  if (twice) throw new Error('An issuer is configured twice.');
  if (issuer.algorithms.length === 0 || issuer.algorithms.some((name) => !permitted.includes(name))) {
    throw new Error(`The algorithms of an issuer are some of ${permitted.join(', ')}.`);
  }
}
