/** How the hub speaks TLS, at its doors and when it pushes: one explicit list, forward-secret suites only. */
import { constants } from 'node:crypto';
import type { ConnectionOptions, SecureContextOptions, TlsOptions } from 'node:tls';

/**
 * TLS 1.3 first, 1.2 second, nothing older; ephemeral elliptic curves and authenticated encryption only.
 * Source: NCSC, Using TLS to protect data (recommended profiles); RFC 9325, 4.2.
 */
const SUITES = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
];

/** Level 2: 112 bits of strength, so no RSA key under 2048 bits and no SHA-1 in a chain. */
const CIPHERS = [...SUITES, '@SECLEVEL=2'].join(':');

/** The hybrid with ML-KEM keeps what is recorded today from tomorrow's machines; who does not know it takes the next. */
const GROUPS = 'X25519MLKEM768:X25519:P-256:P-384';

const SIGNATURES = [
  'ecdsa_secp256r1_sha256',
  'ecdsa_secp384r1_sha384',
  'rsa_pss_rsae_sha256',
  'rsa_pss_rsae_sha384',
  'rsa_pss_rsae_sha512',
  'rsa_pkcs1_sha256',
  'rsa_pkcs1_sha384',
  'rsa_pkcs1_sha512',
].join(':');

/** A ticket is good for this long; each reload of the revocation lists makes all earlier ones worthless. */
const SESSION_S = 300;

/** Key and chain of this end, and who may vouch for the other. All PEM. */
export interface TlsMaterial {
  readonly key: string;
  /** The certificate, then its intermediates. */
  readonly cert: string;
  /** Every authority of every acceptable chain, intermediates too. Never empty: the public roots vouch for nobody here. */
  readonly ca: readonly string[];
}

export interface ServerTlsParts extends TlsMaterial {
  /** One PEM list an item, for every authority in `ca`; see revocation.ts. */
  readonly crl?: readonly string[];
  /** 'none' is for the doors where one comes to get a certificate. Default 'required'. */
  readonly clientCertificate?: 'required' | 'none';
}

/** Options for `https.createServer` and `server.setSecureContext`. Throws where no authority is given. */
export function serverTlsOptions(parts: ServerTlsParts): TlsOptions & SecureContextOptions {
  const demanded = parts.clientCertificate !== 'none';
  return {
    ...common(parts),
    ...(parts.crl && { crl: [...parts.crl] }),
    requestCert: demanded,
    rejectUnauthorized: demanded,
    honorCipherOrder: true,
    // A resumed session carries the certificate of the first handshake and is not checked against the lists again by
    // OpenSSL: identify.ts and revocation.ts check it, and new lists come with new ticket keys.
    sessionTimeout: SESSION_S,
    sessionIdContext: 'vertebra',
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    ALPNProtocols: ['http/1.1'],
  };
}

export interface ClientTlsParts extends TlsMaterial {
  readonly crl?: readonly string[];
  /** The name the receiver's certificate must carry, where it is not the host of its address. */
  readonly serverName?: string;
}

/** Options for `tls.connect`, `https.Agent` and undici's `connect`: the hub's own certificate, the same strict list. */
export function clientTlsOptions(parts: ClientTlsParts): ConnectionOptions {
  return {
    ...common(parts),
    ...(parts.crl && { crl: [...parts.crl] }),
    ...(parts.serverName !== undefined && { servername: parts.serverName }),
    rejectUnauthorized: true,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  };
}

function common({ key, cert, ca }: TlsMaterial): SecureContextOptions & { ecdhCurve: string } {
  if (ca.length === 0) throw new Error('TLS needs at least one authority to trust.');
  return {
    key,
    cert,
    ca: [...ca],
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ciphers: CIPHERS,
    ecdhCurve: GROUPS,
    sigalgs: SIGNATURES,
  };
}
