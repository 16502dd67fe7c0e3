/** Reads the peer's certificate once for each connection; every request on it then costs one look-up. */
import type { X509Certificate } from 'node:crypto';
import type { Duplex } from 'node:stream';
import type { Server, TLSSocket } from 'node:tls';
import type { Instant } from '../core/clock.ts';
import { normaliseFingerprint, normaliseSerial } from './x509.ts';

/** What a handshake proved about the other end. Who that is, the directory says, by the fingerprint alone. */
export interface Peer {
  /** SHA-256 of the certificate, hex in capitals without colons. */
  readonly fingerprint256: string;
  /** The same in base64url: `x5t#S256` of a token bound to this certificate (RFC 8705, 3.1). */
  readonly thumbprint: string;
  /** Hex in capitals without leading zeros. */
  readonly serial: string;
  readonly notBefore: Instant;
  readonly notAfter: Instant;
  /** For people who read logs; never for a decision. */
  readonly commonName: string;
  /** `issuerKey` of each certificate up to the root, the peer's own first; empty where no authority of ours issued it. */
  readonly chain: readonly string[];
}

const peers = new WeakMap<object, Peer>();

/** Undefined for a connection that showed no certificate. Takes `request.socket` as it is. */
export function peerOf(socket: Duplex): Peer | undefined {
  return peers.get(socket);
}

/** Keeps the peer of each connection from its first moment; `judge` sees it before any request can be read. */
export function identifyPeers(
  server: Server,
  authorities: readonly X509Certificate[],
  judge: (peer: Peer | undefined, socket: TLSSocket) => void,
): void {
  server.prependListener('secureConnection', (socket) => {
    const certificate = socket.getPeerX509Certificate();
    const peer = certificate && readPeer(certificate, authorities);
    if (peer !== undefined) peers.set(socket, peer);
    judge(peer, socket);
  });
}

export function readPeer(certificate: X509Certificate, authorities: readonly X509Certificate[]): Peer {
  const fingerprint256 = normaliseFingerprint(certificate.fingerprint256);
  return {
    fingerprint256,
    thumbprint: Buffer.from(fingerprint256, 'hex').toString('base64url'),
    serial: normaliseSerial(certificate.serialNumber),
    notBefore: Date.parse(certificate.validFrom),
    notAfter: Date.parse(certificate.validTo),
    commonName: /^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? '',
    chain: chainOf(certificate, authorities),
  };
}

/** One certificate as revocation lists name it: its issuer, then its serial number. */
export function issuerKey(issuer: string, serial: string): string {
  return `${issuer}\n#${normaliseSerial(serial)}`;
}

const LONGEST_CHAIN = 8;

/** Traced through our own authorities: what a client sends along, and what a resumed session remembers, is not asked. */
function chainOf(certificate: X509Certificate, authorities: readonly X509Certificate[]): string[] {
  const keys: string[] = [];
  for (let link = certificate; keys.length < LONGEST_CHAIN; ) {
    keys.push(issuerKey(link.issuer, link.serialNumber));
    const issuer = issuerOf(link, authorities);
    if (issuer === undefined) return [];
    if (issuer.issuer === issuer.subject) return keys;
    link = issuer;
  }
  return [];
}

/** By name, and by signature where several of one name are there: an authority that changes its key. */
function issuerOf(certificate: X509Certificate, authorities: readonly X509Certificate[]): X509Certificate | undefined {
  const named = authorities.filter((authority) => authority.subject === certificate.issuer);
  if (named.length <= 1) return named[0];
  return named.find((authority) => certificate.verify(authority.publicKey));
}
