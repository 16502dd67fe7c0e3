/** Packs a key with its certificates into PKCS#12, for systems that take nothing else; RSA and EC alike. */
import { createHmac, createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';
import forge from 'node-forge';
import { pemBlocks } from './x509.ts';

const { asn1, pki, pkcs12 } = forge;
type Node = forge.asn1.Asn1;

export interface Pkcs12Parts {
  /** PKCS#8 or SEC 1, unencrypted. */
  readonly keyPem: string;
  readonly certificatePem: string;
  /** Authorities to carry along, PEM. */
  readonly chainPem?: readonly string[];
  /** Printable ASCII, 12 characters or more: a reader derives its key with few rounds, so length is what protects. */
  readonly password: string;
  /** What people see in a key store. */
  readonly name?: string;
}

const MAC_ROUNDS = 10_000;
const SHA256_OID = '2.16.840.1.101.3.4.2.1';

/**
 * The file's bytes (RFC 7292): the key in a shrouded bag (PBES2, AES-256), certificates as plain data, an HMAC over both.
 * node-forge arranges the bags and never looks into the key, which it could not read on elliptic curves; encryption is
 * node:crypto's. Throws for a weak password and for a key that is not the certificate's.
 */
export function packPkcs12({ keyPem, certificatePem, chainPem = [], password, name }: Pkcs12Parts): Buffer {
  if (!/^[\x20-\x7e]{12,}$/.test(password))
    throw new Error('The password needs 12 printable ASCII characters or more.');
  const key = createPrivateKey(keyPem);
  const own = new X509Certificate(certificatePem);
  if (!own.checkPrivateKey(key)) throw new Error('The key is not the key of the certificate.');
  const others = chainPem.flatMap((pem) => pemBlocks(pem, 'CERTIFICATE')).map((pem) => new X509Certificate(pem));
  const shrouded = key.export({ type: 'pkcs8', format: 'der', cipher: 'aes-256-cbc', passphrase: password });

  // The same local key id on both bags tells a reader that they belong together.
  const attributes = bagAttributes(Buffer.from(own.fingerprint.replaceAll(':', ''), 'hex'), name);
  const certificates = [
    bag(pki.oids['certBag'], certificateBag(own), attributes),
    ...others.map((other) => bag(pki.oids['certBag'], certificateBag(other))),
  ];
  const keys = [bag(pki.oids['pkcs8ShroudedKeyBag'], asn1.fromDer(shrouded.toString('latin1')), attributes)];
  const safe = asn1.toDer(sequence(dataOf(sequence(...certificates)), dataOf(sequence(...keys)))).getBytes();
  const file = sequence(integer(3), content(octets(safe)), macOf(safe, password));
  return Buffer.from(asn1.toDer(file).getBytes(), 'latin1');
}

function certificateBag(certificate: X509Certificate): Node {
  return sequence(oid(pki.oids['x509Certificate']), explicit(octets(certificate.raw.toString('latin1'))));
}

function bag(type: string | undefined, value: Node, attributes?: Node): Node {
  return sequence(oid(type), explicit(value), ...(attributes ? [attributes] : []));
}

function bagAttributes(localKeyId: Buffer, name: string | undefined): Node {
  const attributes = [sequence(oid(pki.oids['localKeyId']), set(octets(localKeyId.toString('latin1'))))];
  if (name !== undefined) {
    attributes.push(sequence(oid(pki.oids['friendlyName']), set(primitive(asn1.Type.BMPSTRING, name))));
  }
  return set(...attributes);
}

/** RFC 7292, 4 and appendix B: HMAC-SHA-256 under a key derived with purpose 3. */
function macOf(safe: string, password: string): Node {
  const salt = randomBytes(16).toString('latin1');
  const key = pkcs12.generateKey(password, forge.util.createBuffer(salt), 3, MAC_ROUNDS, 32, forge.md.sha256.create());
  const mac = createHmac('sha256', Buffer.from(bytesOf(key), 'latin1'))
    .update(safe, 'latin1')
    .digest()
    .toString('latin1');
  const algorithm = sequence(oid(SHA256_OID), primitive(asn1.Type.NULL, ''));
  return sequence(sequence(algorithm, octets(mac)), octets(salt), integer(MAC_ROUNDS));
}

const bytesOf = (key: unknown): string => (key as { getBytes(): string }).getBytes();

/** A ContentInfo of type data around an encoded value. */
const dataOf = (value: Node): Node => content(octets(asn1.toDer(value).getBytes()));
const content = (value: Node): Node => sequence(oid(pki.oids['data']), explicit(value));
const sequence = (...items: Node[]): Node => asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SEQUENCE, true, items);
const set = (...items: Node[]): Node => asn1.create(asn1.Class.UNIVERSAL, asn1.Type.SET, true, items);
const explicit = (value: Node): Node => asn1.create(asn1.Class.CONTEXT_SPECIFIC, 0, true, [value]);
const primitive = (type: forge.asn1.Type, bytes: string): Node => asn1.create(asn1.Class.UNIVERSAL, type, false, bytes);
const octets = (bytes: string): Node => primitive(asn1.Type.OCTETSTRING, bytes);
const integer = (value: number): Node => primitive(asn1.Type.INTEGER, asn1.integerToDer(value).getBytes());
const oid = (dotted: string | undefined): Node => primitive(asn1.Type.OID, asn1.oidToDer(dotted ?? '').getBytes());
