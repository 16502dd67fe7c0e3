/** The keys of a configured issuer, from configuration or a file; never from an address that a token names. */
import { createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { Clock } from '../core/clock.ts';

/** Public keys, one way or another; exactly one of the three. */
export type KeySource =
  | { readonly jwks: JSONWebKeySet }
  | { readonly jwksFile: string }
  | { readonly publicKeyPem: string };

export interface IssuerKeys {
  readonly find: JWTVerifyGetKey;
  /** Reads the file again; nothing to do for the other sources. Keeps the last keys and throws when it cannot. */
  reload(): Promise<void>;
}

/** After a token with a key that is not there, the file is read again at most this often. */
const REREAD_MS = 10_000;

export async function openIssuerKeys(source: KeySource, clock: Clock): Promise<IssuerKeys> {
  if ('publicKeyPem' in source) {
    // The one key there is, whatever `kid` a token names.
    const key = createPublicKey(source.publicKeyPem);
    publicOnly({ keys: [key.export({ format: 'jwk' }) as JSONWebKeySet['keys'][number]] });
    return { find: async () => key, reload: async () => {} };
  }
  if ('jwks' in source) return fixed(source.jwks);
  const path = source.jwksFile;
  let find = createLocalJWKSet(await readJwks(path));
  let readAt = clock.now();
  const reload = async (): Promise<void> => {
    readAt = clock.now();
    find = createLocalJWKSet(await readJwks(path));
  };
  return {
    reload,
    async find(header, token) {
      try {
        return await find(header, token);
      } catch (thrown) {
        const rested = Math.abs(clock.now() - readAt) >= REREAD_MS;
        if (!(thrown instanceof errors.JWKSNoMatchingKey) || !rested) throw thrown;
        await reload();
        return find(header, token);
      }
    },
  };
}

function fixed(jwks: JSONWebKeySet): IssuerKeys {
  publicOnly(jwks);
  return { find: createLocalJWKSet(jwks), reload: async () => {} };
}

async function readJwks(path: string): Promise<JSONWebKeySet> {
  const jwks = JSON.parse(await readFile(path, 'utf8')) as JSONWebKeySet;
  publicOnly(jwks);
  return jwks;
}

/** A symmetric or private key in a verifier's configuration is a mistake that must not pass in silence. */
function publicOnly(jwks: JSONWebKeySet): void {
  if (!Array.isArray(jwks.keys) || jwks.keys.length === 0) throw new Error('The key set of an issuer is empty.');
  for (const key of jwks.keys) {
    if ((key.kty !== 'RSA' && key.kty !== 'EC') || key.d !== undefined) {
      throw new Error('The key set of an issuer may hold public RSA and EC keys only.');
    }
  }
}
