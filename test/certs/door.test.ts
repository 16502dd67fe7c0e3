import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConnectionOptions } from 'node:tls';
import { expect } from 'chai';
import { openAuthority } from '../../certs/authority.ts';
import { generateKey } from '../../certs/generate-key.ts';
import { x509 } from '../../certs/x509.ts';
import { systemClock } from '../../core/clock.ts';
import { Agent, credentials, type Hall, handshake, knock, openHall, refusal, temporaryFolder } from './hall.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;

describe('a door', () => {
  let hall: Hall;
  before(async () => {
    hall = await openHall({ serverKey: 'rsa-2048' });
  });
  after(() => hall.close());
  beforeEach(() => {
    hall.refusals.length = 0;
    hall.served.length = 0;
  });

  for (const kind of ['ec-p256', 'rsa-2048'] as const) {
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      it(`serves a client with an ${kind} key over ${version} and knows its certificate`, async () => {
        const client = await hall.authority.issueClient({ commonName: 'surgery', key: { generate: kind } });
        const answer = await knock(hall, { ...credentials(hall, client), minVersion: version, maxVersion: version });
        expect(answer).to.deep.equal({ status: 200, body: client.fingerprint256 });
        expect(hall.refusals).to.deep.equal([]);
      });
    }
  }

  it('refuses a client that shows no certificate', async () => {
    await refusal(knock(hall, { ca: hall.authority.certificatePem }));
    await hall.refused('certificate-missing');
    expect(hall.refusals).to.deep.equal([{ reason: 'certificate-missing', address: '127.0.0.1' }]);
    expect(hall.served).to.deep.equal([]);
  });

  it('refuses a certificate that has expired', async () => {
    const validity = { notBefore: Date.now() - 2 * DAY_MS, notAfter: Date.now() - DAY_MS };
    const client = await hall.authority.issueClient({ commonName: 'late', key: { generate: 'ec-p256' }, validity });
    await refusal(knock(hall, credentials(hall, client)));
    await hall.refused('certificate-expired');
    expect(hall.refusals).to.deep.equal([{ reason: 'certificate-expired', address: '127.0.0.1' }]);
    expect(hall.served).to.deep.equal([]);
  });

  it('refuses a certificate that is not valid yet', async () => {
    const validity = { notBefore: Date.now() + DAY_MS, notAfter: Date.now() + 2 * DAY_MS };
    const client = await hall.authority.issueClient({ commonName: 'early', key: { generate: 'ec-p256' }, validity });
    await refusal(knock(hall, credentials(hall, client)));
    await hall.refused('certificate-not-yet-valid');
    expect(hall.served).to.deep.equal([]);
  });

  it('refuses a certificate of another authority with the same name', async () => {
    const folder = await temporaryFolder();
    const stranger = await openAuthority(join(folder, 'other'), { clock: systemClock });
    const client = await stranger.issueClient({ commonName: 'surgery', key: { generate: 'ec-p256' } });
    await refusal(knock(hall, credentials(hall, client)));
    await hall.refused('certificate-untrusted');
    expect(hall.served).to.deep.equal([]);
    await rm(folder, { recursive: true });
  });

  it('refuses a self-signed certificate', async () => {
    await refusal(knock(hall, { ...(await selfSigned()), ca: hall.authority.certificatePem }));
    await hall.refused('authority-unknown');
    expect(hall.served).to.deep.equal([]);
  });

  it('refuses a certificate that is for servers only', async () => {
    const server = await hall.authority.issueServer({ commonName: 'shop', dnsNames: ['shop.example'] });
    await refusal(knock(hall, credentials(hall, server)));
    await hall.refused('certificate-wrong-usage');
    expect(hall.served).to.deep.equal([]);
  });

  it('refuses TLS 1.1', async () => {
    const client = await hall.authority.issueClient({ commonName: 'old', key: { generate: 'rsa-2048' } });
    const code = await refusal(
      handshake(hall, {
        ...credentials(hall, client),
        minVersion: 'TLSv1',
        maxVersion: 'TLSv1.1',
        ciphers: 'ALL:@SECLEVEL=0',
      }),
    );
    expect(code).to.equal('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
    await hall.refused('protocol-version');
  });

  for (const [what, suite] of [
    ['CBC', 'ECDHE-RSA-AES256-SHA384'],
    ['CBC with SHA-1', 'ECDHE-RSA-AES128-SHA'],
    ['RSA key exchange', 'AES256-GCM-SHA384'],
  ]) {
    it(`refuses a client that offers only ${what}, also after the lists were reloaded`, async () => {
      const client = await hall.authority.issueClient({ commonName: 'old', key: { generate: 'rsa-2048' } });
      const offered: ConnectionOptions = {
        ...credentials(hall, client),
        maxVersion: 'TLSv1.2',
        ciphers: `${suite}:@SECLEVEL=0`,
      };
      for (const round of ['before', 'after']) {
        hall.refusals.length = 0;
        const code = await refusal(handshake(hall, offered));
        expect(code, round).to.match(/HANDSHAKE_FAILURE/);
        await hall.refused('no-shared-suite');
        await hall.authority.refreshCrl({ force: true });
        await hall.revocation.reload();
      }
    });
  }

  it('prefers the strongest suite and a forward-secret key exchange', async () => {
    const client = await hall.authority.issueClient({ commonName: 'surgery', key: { generate: 'ec-p256' } });
    const socket = await handshake(hall, { ...credentials(hall, client), maxVersion: 'TLSv1.2' });
    expect(socket.getCipher().name).to.equal('ECDHE-RSA-AES256-GCM-SHA384');
    socket.destroy();
  });

  it('serves many requests of one connection with one handshake', async () => {
    const client = await hall.authority.issueClient({ commonName: 'surgery', key: { generate: 'ec-p256' } });
    const agent = new Agent({ ...credentials(hall, client), keepAlive: true, maxSockets: 1 });
    let handshakes = 0;
    const count = () => {
      handshakes += 1;
    };
    hall.door.server.on('secureConnection', count);
    for (let i = 0; i < 5; i++) expect((await knock(hall, { agent })).body).to.equal(client.fingerprint256);
    hall.door.server.off('secureConnection', count);
    agent.destroy();
    expect(handshakes).to.equal(1);
  });
});

async function selfSigned(): Promise<ConnectionOptions> {
  const { keyPem, publicKey } = await generateKey('ec-p256');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const { createPrivateKey } = await import('node:crypto');
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: '01',
    subject: 'CN=surgery',
    issuer: 'CN=surgery',
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + DAY_MS),
    publicKey,
    signingKey: createPrivateKey(keyPem).toCryptoKey(algorithm, false, ['sign']),
    signingAlgorithm: algorithm,
    extensions: [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])],
  });
  return { key: keyPem, cert: certificate.toString('pem') };
}
