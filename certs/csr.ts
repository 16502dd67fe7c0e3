/** Checks a certificate request: a strong enough key, and proof that the sender holds it. The subject is ignored. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { HubError } from '../core/errors.ts';
import { pemBlocks, x509 } from './x509.ts';

/** What the hub takes from a request. */
export interface CheckedCsr {
  /** DER of the SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
  readonly key: 'ec-p256' | 'ec-p384' | 'rsa';
}

const LONGEST_CSR_CHARACTERS = 16_384;
const CURVES: Readonly<Record<string, CheckedCsr['key']>> = { prime256v1: 'ec-p256', secp384r1: 'ec-p384' };
/** Below 2048 bits RSA is broken too cheaply; above 4096 every handshake would cost the hub more than it gains. */
const RSA_BITS = { least: 2_048, most: 4_096 };
const HASHES = new Set(['SHA-256', 'SHA-384', 'SHA-512']);

/**
 * Reads one PKCS#10 request in PEM (RFC 2986).
 * Throws HubError CSR_INVALID: unreadable, key not allowed, or not signed by that key with SHA-2.
 */
export async function checkCsr(pem: string): Promise<CheckedCsr> {
  const request = read(pem);
  const spki = new Uint8Array(request.publicKey.rawData);
  const key = keyKind(spki);
  if (!HASHES.has(hashOf(request))) throw refused('signature hash');
  let proven = false;
  try {
    proven = await request.verify();
  } catch (cause) {
    throw refused('signature', cause);
  }
  if (!proven) throw refused('signature');
  return { publicKey: spki, key };
}

function read(pem: string): x509.Pkcs10CertificateRequest {
  if (pem.length > LONGEST_CSR_CHARACTERS) throw refused('length');
  const [block, ...others] = pemBlocks(
    pem.replaceAll('NEW CERTIFICATE REQUEST', 'CERTIFICATE REQUEST'),
    'CERTIFICATE REQUEST',
  );
  if (block === undefined || others.length > 0) throw refused('form');
  try {
    return new x509.Pkcs10CertificateRequest(block);
  } catch (cause) {
    throw refused('form', cause);
  }
}

function keyKind(spki: Uint8Array): CheckedCsr['key'] {
  let key: KeyObject;
  try {
    key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
  } catch (cause) {
    throw refused('key', cause);
  }
  const details = key.asymmetricKeyDetails;
  if (key.asymmetricKeyType === 'ec') {
    const kind = CURVES[details?.namedCurve ?? ''];
    if (kind !== undefined) return kind;
  }
  if (key.asymmetricKeyType === 'rsa') {
    const bits = details?.modulusLength ?? 0;
    const exponent = details?.publicExponent ?? 0n;
    if (bits >= RSA_BITS.least && bits <= RSA_BITS.most && exponent >= 65_537n) return 'rsa';
  }
  throw refused('key');
}

function hashOf(request: x509.Pkcs10CertificateRequest): string {
  try {
    return request.signatureAlgorithm.hash.name;
  } catch {
    return '';
  }
}

const refused = (part: string, cause?: unknown): HubError => new HubError('CSR_INVALID', { part }, { cause });
