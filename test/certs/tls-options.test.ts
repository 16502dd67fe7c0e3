import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type ConnectionOptions, connect } from 'node:tls';
import { expect } from 'chai';
import { request, Agent as Undici } from 'undici';
import type { Issued } from '../../certs/authority.ts';
import { clientTlsOptions, serverTlsOptions } from '../../certs/tls-options.ts';
import { type Hall, handshake, knock, openHall, refusal } from './hall.ts';

describe('a push', () => {
  let hall: Hall;
  let other: Hall;
  let hub: Issued;
  before(async () => {
    [hall, other] = await Promise.all([openHall(), openHall()]);
    hub = await hall.authority.issueClient({ commonName: 'hub', key: { generate: 'ec-p256' } });
  });
  after(() => Promise.all([hall.close(), other.close()]));
  const material = (trusting: Hall) => ({
    key: hub.keyPem,
    cert: hub.certificatePem,
    ca: [trusting.authority.certificatePem],
  });

  it('shows the hub’s certificate to a receiver that it trusts, also through undici', async () => {
    expect((await knock(hall, clientTlsOptions(material(hall)))).body).to.equal(hub.fingerprint256);
    const dispatcher = new Undici({ connect: { ...clientTlsOptions(material(hall)) } as object });
    const answer = await request(`https://localhost:${hall.port}/`, { dispatcher });
    expect(await answer.body.text()).to.equal(hub.fingerprint256);
    await dispatcher.close();
  });

  it('goes to no receiver of another authority, of another name, or revoked', async () => {
    expect(await refusal(knock(hall, clientTlsOptions(material(other))))).to.match(/UNABLE_TO|SELF_SIGNED/);
    const named = clientTlsOptions({ ...material(hall), serverName: 'receiver.example' });
    expect(await refusal(handshake(hall, named))).to.equal('ERR_TLS_CERT_ALTNAME_INVALID');

    const receiver = await hall.authority.issueServer({ commonName: 'r', ipAddresses: ['127.0.0.1'] });
    hall.door.renew({ key: receiver.keyPem, cert: receiver.certificatePem, ca: [hall.authority.certificatePem] });
    const crl = async () => [await readFile(hall.authority.crlPath, 'utf8')];
    expect((await knock(hall, clientTlsOptions({ ...material(hall), crl: await crl() }))).status).to.equal(200);
    await hall.authority.revoke(receiver.serial);
    expect(await refusal(knock(hall, clientTlsOptions({ ...material(hall), crl: await crl() })))).to.equal(
      'CERT_REVOKED',
    );
  });

  it('speaks to no receiver that only knows old suites or protocols', async () => {
    const receiver = await hall.authority.issueServer({ commonName: 'r', ipAddresses: ['127.0.0.1'], key: 'rsa-2048' });
    for (const old of [
      { maxVersion: 'TLSv1.2', ciphers: 'AES128-SHA256:@SECLEVEL=0' },
      { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' },
    ] as const) {
      const server = createServer({ key: receiver.keyPem, cert: receiver.certificatePem, ...old });
      expect(await refusal(open(server, clientTlsOptions(material(hall))))).to.match(/ALERT|UNSUPPORTED|HANDSHAKE/);
      server.close();
    }
  });
});

describe('TLS', () => {
  it('is not set up without an authority, for then the public roots would vouch', () => {
    const bare = { key: '', cert: '', ca: [] };
    expect(() => serverTlsOptions(bare)).to.throw(/authority/);
    expect(() => clientTlsOptions(bare)).to.throw(/authority/);
  });

  it('asks for no client certificate at the door where one comes to get one', async () => {
    const hall = await openHall();
    const own = await hall.authority.issueServer({ commonName: 'hub', ipAddresses: ['127.0.0.1'] });
    const ca = [hall.authority.certificatePem];
    const server = createServer(
      serverTlsOptions({ key: own.keyPem, cert: own.certificatePem, ca, clientCertificate: 'none' }),
    );
    expect(await open(server, { ca })).to.equal('TLSv1.3');
    server.close();
    await hall.close();
  });
});

/** The protocol agreed with a server that is started here. */
async function open(server: Server, options: ConnectionOptions): Promise<string | null> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, ...options }, () => {
      resolve(socket.getProtocol());
      socket.destroy();
    });
    socket.on('error', reject);
  });
}
