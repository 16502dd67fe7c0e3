import { writeFile } from 'node:fs/promises';
import { connect, type TLSSocket } from 'node:tls';
import { expect } from 'chai';
import type { Issued } from '../../certs/authority.ts';
import { openRevocation } from '../../certs/revocation.ts';
import { Agent, credentials, eventually, type Hall, handshake, knock, openHall, refusal } from './hall.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;

describe('a revocation', () => {
  let hall: Hall;
  let client: Issued;
  beforeEach(async () => {
    hall = await openHall();
    client = await hall.authority.issueClient({ commonName: 'surgery', key: { generate: 'ec-p256' } });
  });
  afterEach(() => hall.close());

  it('refuses the next handshake in TLS itself', async () => {
    expect((await knock(hall, credentials(hall, client))).status).to.equal(200);
    await hall.authority.revoke(client.serial, 'key-compromise');
    await hall.revocation.reload();
    let completed = 0;
    hall.door.server.on('secureConnection', () => {
      completed += 1;
    });
    await refusal(knock(hall, credentials(hall, client)));
    await hall.refused('certificate-revoked');
    expect(completed).to.equal(0);
    expect(hall.served).to.have.length(1);
  });

  it('ends an open kept-alive connection: its next request is not served', async () => {
    const agent = new Agent({ ...credentials(hall, client), keepAlive: true, maxSockets: 1 });
    expect((await knock(hall, { agent })).status).to.equal(200);
    expect((await knock(hall, { agent })).status).to.equal(200);
    await hall.authority.revoke(client.serial);
    await hall.revocation.reload();
    await refusal(knock(hall, { agent }));
    agent.destroy();
    expect(hall.served).to.have.length(2);
    await eventually(() => hall.door.connections() === 0, 'the connection to be cut');
  });

  it('leaves the connections of others open', async () => {
    const other = await hall.authority.issueClient({ commonName: 'pharmacy', key: { generate: 'ec-p256' } });
    const socket = await handshake(hall, credentials(hall, other));
    await hall.authority.revoke(client.serial);
    await hall.revocation.reload();
    expect(await ask(socket)).to.contain('200 OK');
    socket.destroy();
  });

  it('is found by itself when another process wrote the list', async () => {
    const watching = await openHall({ interval_ms: 20 });
    const known = await watching.authority.issueClient({ commonName: 'surgery', key: { generate: 'ec-p256' } });
    const socket = await handshake(watching, credentials(watching, known));
    await watching.authority.revoke(known.serial);
    await eventually(() => socket.destroyed || socket.readableEnded, 'the connection to be cut');
    await watching.close();
  });

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`is not outlived by a resumed session over ${version}`, async () => {
      const options = { ...credentials(hall, client), minVersion: version, maxVersion: version };
      const session = await sessionOf(hall, options);
      const resumed = await handshake(hall, { ...options, session });
      expect(resumed.isSessionReused(), 'resumption works while the certificate stands').to.equal(true);
      expect(await ask(resumed)).to.contain(client.fingerprint256);
      resumed.destroy();
      await hall.authority.revoke(client.serial);
      await hall.revocation.reload();
      hall.served.length = 0;
      await refusal(handshake(hall, { ...options, session }).then(ask));
      await hall.refused('certificate-revoked');
      expect(hall.served).to.deep.equal([]);
    });
  }

  it('holds in the days of grace after the list ran out, and health says so', async () => {
    await hall.authority.revoke(client.serial);
    hall.clock.offset_ms = 8 * DAY_MS - 6 * 60 * 60 * 1_000;
    await hall.revocation.reload();
    const good = await hall.authority.issueClient({ commonName: 'pharmacy', key: { generate: 'ec-p256' } });
    expect(hall.revocation.tlsLists(), 'TLS would refuse everybody for the old list').to.equal(undefined);
    expect(hall.revocation.health()).to.include({ healthy: false });
    const certificateOfToday = { notBefore: Date.now() - DAY_MS, notAfter: Date.now() + 30 * DAY_MS };
    const welcome = await hall.authority.issueClient({
      commonName: 'pharmacy',
      key: { generate: 'ec-p256' },
      validity: certificateOfToday,
    });
    expect(good.serial).not.to.equal(welcome.serial);
    expect((await knock(hall, credentials(hall, welcome))).status).to.equal(200);
    const silent = await handshake(hall, credentials(hall, client));
    await eventually(() => silent.destroyed || silent.readableEnded, 'the revoked one to be cut before it asks');
    await hall.refused('certificate-revoked');
  });

  it('lets nobody in or stay when the grace is over', async () => {
    const socket = await handshake(hall, credentials(hall, client));
    expect(await ask(socket)).to.contain('200 OK');
    hall.clock.offset_ms = 8 * DAY_MS + 60_000;
    await hall.revocation.reload();
    await eventually(() => socket.destroyed || socket.readableEnded, 'the connection to be cut');
    await hall.refused('revocation-list-stale');
    await refusal(knock(hall, credentials(hall, client)));
    expect(hall.revocation.health().healthy).to.equal(false);
  });

  it('keeps its last good list when the file is damaged, and health says so', async () => {
    await hall.authority.revoke(client.serial);
    await hall.revocation.reload();
    await writeFile(hall.authority.crlPath, 'not a list');
    expect(await hall.revocation.reload()).to.equal(false);
    expect(hall.revocation.health().problem).to.contain('cannot be read');
    await refusal(knock(hall, credentials(hall, client)));
    await hall.refused('certificate-revoked');
    await hall.authority.refreshCrl({ force: true });
    expect(await hall.revocation.reload()).to.equal(true);
    expect(hall.revocation.health().healthy).to.equal(true);
  });
});

describe('a hub that starts', () => {
  let hall: Hall;
  let other: Hall;
  before(async () => {
    [hall, other] = await Promise.all([openHall(), openHall()]);
  });
  after(() => Promise.all([hall.close(), other.close()]));

  const open = (paths: readonly string[], authorities: readonly string[]) =>
    openRevocation({ paths, authorities, clock: hall.clock });

  it('refuses to without a readable list', async () => {
    const path = `${hall.folder}/damaged.pem`;
    await writeFile(path, '-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n');
    expect(await refusal(open([path], [hall.authority.certificatePem]))).to.contain('cannot be read');
    expect(await refusal(open([`${hall.folder}/none.pem`], [hall.authority.certificatePem]))).to.equal('ENOENT');
  });

  it('refuses to when an authority has no list of its own', async () => {
    const authorities = [hall.authority.certificatePem, other.authority.certificatePem];
    expect(await refusal(open([hall.authority.crlPath], authorities))).to.contain('no revocation list');
  });

  it('refuses to when the list is signed by another of the same name', async () => {
    expect(await refusal(open([other.authority.crlPath], [hall.authority.certificatePem]))).to.contain(
      'signed by no trusted authority',
    );
  });

  it('reads a list in DER as well', async () => {
    const { readFile } = await import('node:fs/promises');
    const pem = await readFile(hall.authority.crlPath, 'utf8');
    const path = `${hall.folder}/list.der`;
    await writeFile(path, Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64'));
    const revocation = await open([path], [hall.authority.certificatePem]);
    expect(revocation.health().healthy).to.equal(true);
    revocation.close();
  });
});

describe('a certificate that runs out on an open connection', () => {
  it('is not served any more', async () => {
    const hall = await openHall();
    const validity = { notBefore: Date.now() - DAY_MS, notAfter: Date.now() + 60_000 };
    const client = await hall.authority.issueClient({ commonName: 'surgery', key: { generate: 'ec-p256' }, validity });
    const socket = await handshake(hall, credentials(hall, client));
    expect(await ask(socket)).to.contain('200 OK');
    hall.clock.offset_ms = 61_000;
    await refusal(ask(socket));
    await hall.refused('certificate-expired');
    expect(hall.served).to.have.length(1);
    await hall.close();
  });
});

/** One request on a connection that is there already; rejects when it is cut instead of answered. */
function ask(socket: TLSSocket): Promise<string> {
  return new Promise((resolve, reject) => {
    const cut = () => reject(new Error('cut'));
    socket.once('close', cut).once('end', cut).once('error', cut);
    socket.once('data', (bytes: Buffer) => resolve(bytes.toString()));
    socket.write('GET / HTTP/1.1\r\nHost: hub\r\n\r\n');
  });
}

/** A session that the server gave, after one served request. */
function sessionOf(hall: Hall, options: Parameters<typeof handshake>[1]): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: hall.port, ...options });
    socket.on('error', reject);
    socket.once('session', (session: Buffer) => {
      socket.destroy();
      resolve(session);
    });
    socket.write('GET / HTTP/1.1\r\nHost: hub\r\n\r\n');
  });
}
