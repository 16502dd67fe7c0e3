/** Revocation lists as files hold them become what TLS takes and what a look-up needs. */
import { X509Certificate } from 'node:crypto';
import type { Instant } from '../core/clock.ts';
import { issuerKey } from './identify.ts';
import { crlToPem, readCrls, x509 } from './x509.ts';

export interface RevocationLists {
  /** One PEM list an item. */
  readonly pem: readonly string[];
  /** `issuerKey` of everything revoked. */
  readonly revoked: ReadonlySet<string>;
  /** The earliest of the lists. */
  readonly nextUpdate: Instant;
}

const DELTA_CRL_INDICATOR = '2.5.29.27';
const ISSUING_DISTRIBUTION_POINT = '2.5.29.28';

/**
 * Reads complete lists (RFC 5280, 5) and matches each to the authority that signed it.
 * Throws, naming the file's place or the authority, when a list cannot be read, is partial, has no end, is signed by
 * nobody known, or when an authority has none: OpenSSL refuses a whole chain for one missing list.
 */
export async function loadRevocationLists(
  files: readonly Buffer[],
  authorities: readonly string[],
): Promise<RevocationLists> {
  const issuers = authorities.map((pem) => ({
    subject: new X509Certificate(pem).subject,
    certificate: new x509.X509Certificate(pem),
    lists: 0,
  }));
  const pem: string[] = [];
  const revoked = new Set<string>();
  let nextUpdate = Number.POSITIVE_INFINITY;

  for (const [index, file] of files.entries()) {
    for (const crl of parse(file, index)) {
      const issuer = await signerOf(crl, issuers);
      if (issuer === undefined) throw new Error(`Revocation list file ${index + 1} is signed by no trusted authority.`);
      if (crl.nextUpdate === undefined) throw new Error(`Revocation list file ${index + 1} has no next update.`);
      if (crl.getExtension(DELTA_CRL_INDICATOR) ?? crl.getExtension(ISSUING_DISTRIBUTION_POINT)) {
        throw new Error(`Revocation list file ${index + 1} is partial; a complete list is needed.`);
      }
      issuer.lists += 1;
      pem.push(crlToPem(crl));
      nextUpdate = Math.min(nextUpdate, crl.nextUpdate.getTime());
      for (const entry of crl.entries) revoked.add(issuerKey(issuer.subject, entry.serialNumber));
    }
  }

  const bare = issuers.find((issuer) => issuer.lists === 0);
  if (bare !== undefined) {
    throw new Error(`There is no revocation list of the authority ${bare.subject.replaceAll('\n', ', ')}.`);
  }
  return { pem, revoked, nextUpdate };
}

function parse(file: Buffer, index: number): x509.X509Crl[] {
  try {
    return readCrls(file);
  } catch (cause) {
    throw new Error(`Revocation list file ${index + 1} cannot be read.`, { cause });
  }
}

interface Issuer {
  readonly subject: string;
  readonly certificate: x509.X509Certificate;
  lists: number;
}

async function signerOf(crl: x509.X509Crl, issuers: readonly Issuer[]): Promise<Issuer | undefined> {
  for (const issuer of issuers) {
    if (issuer.certificate.subject !== crl.issuer) continue;
    if (await crl.verify({ publicKey: issuer.certificate.publicKey }).catch(() => false)) return issuer;
  }
  return undefined;
}
