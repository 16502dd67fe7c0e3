/** The one door to @peculiar/x509: the platform's web crypto underneath, and the decorators' metadata loaded first. */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);

export { x509 };

/** Hex in capitals without leading zeros: how every serial number in this folder is written. */
export function normaliseSerial(hex: string): string {
  return hex.toUpperCase().replace(/^0+(?=.)/, '');
}

/** Hex in capitals without colons: how a certificate is named in the directory. */
export function normaliseFingerprint(fingerprint: string): string {
  return fingerprint.replaceAll(':', '').toUpperCase();
}

/** The PEM blocks of one kind in a text, each by itself: TLS options take one revocation list or certificate a string. */
export function pemBlocks(text: string, label: 'CERTIFICATE' | 'X509 CRL' | 'CERTIFICATE REQUEST'): string[] {
  return text.match(new RegExp(`-----BEGIN ${label}-----[^-]+-----END ${label}-----`, 'g')) ?? [];
}

/** A revocation list in the PEM form that OpenSSL reads. */
export function crlToPem(crl: x509.X509Crl): string {
  const lines =
    Buffer.from(crl.rawData)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN X509 CRL-----\n${lines.join('\n')}\n-----END X509 CRL-----\n`;
}

/** Every revocation list of a file, in PEM or DER. Throws where there is none or one cannot be read. */
export function readCrls(bytes: Buffer): x509.X509Crl[] {
  const blocks = pemBlocks(bytes.toString('latin1'), 'X509 CRL');
  const lists = blocks.map((block) => Buffer.from(block.replace(/-----[^-]+-----/g, ''), 'base64'));
  return (lists.length > 0 ? lists : [bytes]).map((der) => new x509.X509Crl(Uint8Array.from(der)));
}
