/** Makes keys and certificate requests, for the authority itself and for systems that enrol from the command line. */
import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { x509 } from './x509.ts';

export type KeyKind = 'ec-p256' | 'rsa-2048';

const generate = promisify(generateKeyPair);

export interface GeneratedKey {
  /** PKCS#8, unencrypted: the caller keeps it in a file of mode 0600. */
  readonly keyPem: string;
  /** DER of the SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
}

export async function generateKey(kind: KeyKind): Promise<GeneratedKey> {
  const { privateKey, publicKey } =
    kind === 'ec-p256'
      ? await generate('ec', { namedCurve: 'P-256' })
      : await generate('rsa', { modulusLength: 2048, publicExponent: 65_537 });
  return {
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey: publicKey.export({ type: 'spki', format: 'der' }),
  };
}

/** A PKCS#10 request, PEM, signed by the key. The hub ignores the subject: the enrolment token says who asks. */
export async function createCsr(keyPem: string, commonName: string): Promise<string> {
  const privateKey = createPrivateKey(keyPem);
  const algorithm = signingAlgorithm(privateKey);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: new x509.Name([{ CN: [{ utf8String: commonName }] }]),
    keys: {
      privateKey: privateKey.toCryptoKey(algorithm, false, ['sign']),
      publicKey: createPublicKey(privateKey).toCryptoKey(algorithm, true, ['verify']),
    },
    signingAlgorithm: algorithm,
  });
  return `${request.toString('pem')}\n`;
}

/** How a key of ours signs: SHA-256, and PKCS#1 v1.5 for RSA, because every client can read it. */
export function signingAlgorithm(key: KeyObject): { name: string; hash: string; namedCurve?: string } {
  if (key.asymmetricKeyType === 'rsa') return { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (curve === 'prime256v1') return { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  if (curve === 'secp384r1') return { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' };
  throw new Error('The key is neither EC P-256, EC P-384 nor RSA.');
}
