import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { expect } from 'chai';
import { checkCsr } from '../../certs/csr.ts';
import { createCsr, generateKey } from '../../certs/generate-key.ts';
import { x509 } from '../../certs/x509.ts';
import { refusal } from './hall.ts';

describe('a certificate request', () => {
  it('is accepted with an EC P-256, EC P-384 or RSA 2048 key that signed it', async () => {
    expect((await checkCsr(await csrWith(ec('P-256')))).key).to.equal('ec-p256');
    expect((await checkCsr(await csrWith(ec('P-384')))).key).to.equal('ec-p384');
    expect((await checkCsr(await csrWith(rsa(2048)))).key).to.equal('rsa');
  });

  it('is refused with an RSA key that is too small', async () => {
    expect(await refusal(checkCsr(await csrWith(rsa(1024))))).to.equal('CSR_INVALID');
    expect(await refusal(checkCsr(await csrWith(rsa(2040))))).to.equal('CSR_INVALID');
  });

  it('is refused with a curve or a kind of key that the doors do not take', async () => {
    const algorithm = { name: 'ECDSA', namedCurve: 'P-521', hash: 'SHA-512' };
    expect(await refusal(checkCsr(await csrWith(ec('P-521'), algorithm)))).to.equal('CSR_INVALID');
    expect(await refusal(checkCsr(await csrWith(generateKeyPairSync('ed25519'), { name: 'Ed25519' })))).to.equal(
      'CSR_INVALID',
    );
  });

  it('is refused when it is signed with SHA-1', async () => {
    const sha1 = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-1' };
    expect(await refusal(checkCsr(await csrWith(rsa(2048), sha1)))).to.equal('CSR_INVALID');
  });

  it('is refused when the signature is not by its key', async () => {
    const pem = await createCsr((await generateKey('ec-p256')).keyPem, 'surgery');
    const der = Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64');
    const at = der.indexOf('surgery');
    expect(at).to.be.above(0);
    der.write('Surgery', at);
    expect(await refusal(checkCsr(toPem(der)))).to.equal('CSR_INVALID');
  });

  it('is refused when it is no request, two requests, or far too long', async () => {
    const good = await createCsr((await generateKey('ec-p256')).keyPem, 'surgery');
    for (const pem of ['', 'nonsense', toPem(Buffer.alloc(40, 1)), good + good, good + ' '.repeat(20_000)]) {
      expect(await refusal(checkCsr(pem))).to.equal('CSR_INVALID');
    }
    expect((await checkCsr(good)).key).to.equal('ec-p256');
  });
});

interface Pair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}
const ec = (namedCurve: string): Pair => generateKeyPairSync('ec', { namedCurve });
const rsa = (modulusLength: number): Pair => generateKeyPairSync('rsa', { modulusLength });

function csrWith(pair: Pair, algorithm?: { name: string; hash?: string; namedCurve?: string }): Promise<string> {
  if (algorithm === undefined) {
    return createCsr(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), 'surgery');
  }
  return x509.Pkcs10CertificateRequestGenerator.create({
    name: 'CN=surgery',
    keys: {
      privateKey: pair.privateKey.toCryptoKey(algorithm, false, ['sign']),
      publicKey: pair.publicKey.toCryptoKey(algorithm, true, ['verify']),
    },
    signingAlgorithm: algorithm,
  }).then((request) => request.toString('pem'));
}

const toPem = (der: Buffer): string =>
  `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
