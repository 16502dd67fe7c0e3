/** Who may speak at all: no certificate, a bad one, a fallen one, a slow hand; each is cut and written down. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pass } from 'node:timers/promises';
import { expect } from 'chai';
import { openAuthority } from '../../certs/authority.ts';
import { systemClock } from '../../core/clock.ts';
import { bindCertificate, suspendSystem } from '../../directory/changes.ts';
import { createSystemClient, type Identity } from '../../examples/connected-system.ts';
import { eventually } from '../support/eventually.ts';
import { startTestHub, type TestHub } from '../support/hub.ts';
import { errorCodeIn, isAcknowledged, newOrder } from '../support/orders.ts';
import { certify, changeDirectory } from '../support/registration.ts';
import { ask, openTcp, openTls, untilClosed } from './knocking.ts';

const DAY_ms = 86_400_000;
const HANDSHAKE_ms = 600;
const HEADERS_ms = 800;
const REQUEST_ms = 1_500;
/** Header and body times are looked at every two seconds; the machine is shared. */
const CUT_WITHIN_ms = 6_000;

describe('who speaks', function () {
  this.timeout(30_000);
  let hub: TestHub;

  before(async () => {
    hub = await startTestHub({
      stack: 'embedded',
      handshake_ms: HANDSHAKE_ms,
      headers_ms: HEADERS_ms,
      request_ms: REQUEST_ms,
    });
  });

  after(() => hub.stop());

  async function expectGoodSenderServed(within_ms = 1_000): Promise<void> {
    const { surgery } = hub.systems;
    const order = newOrder(surgery);
    const begun = performance.now();
    expect(isAcknowledged(await surgery.client.ebxml(order), order.messageId)).to.equal(true);
    expect(performance.now() - begun).to.be.below(within_ms);
    await hub.settled(order.messageId);
  }

  /** The connection is refused: no answer, nothing kept, one line in the trail with this code. */
  async function expectCut(identity: Partial<Identity>, code: string): Promise<void> {
    const last = (await hub.audit()).at(-1)?.seq ?? 0;
    const order = newOrder(hub.systems.surgery);
    const answer = await ask(
      { authorityPem: hub.authority.certificatePem, ...identity },
      {
        url: hub.url,
        path: '/Prescription',
        headers: { 'content-type': 'text/xml' },
        parts: [Buffer.from(order.payload)],
      },
    ).then(
      ({ status }) => status,
      () => 'cut',
    );
    expect(answer).to.equal('cut');
    const lines = await eventually('the refusal is in the trail', async () => {
      const found = await hub.audit(last);
      return found.length > 0 ? found : undefined;
    });
    expect(lines.map((line) => [line.action, line.outcome, line.code])).to.deep.equal([
      ['refuse-connection', 'refused', code],
    ]);
    expect(await hub.store.track(order.messageId)).to.deep.equal([]);
    await expectGoodSenderServed();
  }

  const issue = async (validity: { notBefore: number; notAfter: number }): Promise<Identity> => {
    const issued = await hub.authority.issueClient({ commonName: 'late', key: { generate: 'ec-p256' }, validity });
    await changeDirectory(hub.store, bindCertificate, {
      systemId: hub.systems.surgery.systemId,
      fingerprint: issued.fingerprint256,
    });
    return {
      certificatePem: issued.certificatePem,
      keyPem: issued.keyPem,
      authorityPem: hub.authority.certificatePem,
    };
  };

  it('without a certificate is nobody, and is cut', () => expectCut({}, 'certificate-missing'));

  it('with an expired certificate is cut, though the certificate is registered', async () => {
    const now = Date.now();
    await expectCut(await issue({ notBefore: now - 2 * DAY_ms, notAfter: now - DAY_ms }), 'certificate-expired');
  });

  it('with a certificate of the future is cut', async () => {
    const now = Date.now();
    await expectCut(await issue({ notBefore: now + DAY_ms, notAfter: now + 2 * DAY_ms }), 'certificate-not-yet-valid');
  });

  it('with a certificate of another authority of the same name is cut', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hub-test-'));
    try {
      const other = await openAuthority(join(folder, 'authority'), { clock: systemClock });
      const { identity } = await certify(other, 'Example Surgery');
      await expectCut({ ...identity, authorityPem: hub.authority.certificatePem }, 'certificate-untrusted');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('with a good certificate that is registered to no system is told so, and nothing is read', async () => {
    const { identity } = await certify(hub.authority, 'Stranger');
    const last = (await hub.audit()).at(-1)?.seq ?? 0;
    const client = createSystemClient(hub.url, identity);
    const order = newOrder(hub.systems.surgery);
    const byEbxml = await client.ebxml(order);
    expect([byEbxml.status, errorCodeIn(byEbxml)]).to.deep.equal([403, 'CERTIFICATE_UNKNOWN']);
    expect(byEbxml.body).to.include('<SOAP:Fault>');
    const byFhir = await client.fhir('GET', '/summary-care-record/FHIR/R4/metadata');
    expect([byFhir.status, errorCodeIn(byFhir)]).to.deep.equal([403, 'CERTIFICATE_UNKNOWN']);
    await client.close();
    const lines = await hub.audit(last);
    expect(lines.map(({ code, system }) => [code, system])).to.deep.equal([
      ['CERTIFICATE_UNKNOWN', null],
      ['CERTIFICATE_UNKNOWN', null],
    ]);
    expect(await hub.store.track(order.messageId)).to.deep.equal([]);
    await expectGoodSenderServed();
  });

  it('for a suspended system is refused, on the connection that it has open', async () => {
    const { trust } = hub.systems;
    expect((await trust.client.fhir('GET', '/mailbox')).status).to.equal(200);
    await changeDirectory(hub.store, suspendSystem, { systemId: trust.systemId });
    await hub.hub.refresh();
    const answer = await trust.client.fhir('GET', '/mailbox');
    expect([answer.status, errorCodeIn(answer)]).to.deep.equal([403, 'SYSTEM_SUSPENDED']);
  });

  it('with a certificate that is revoked is cut on its open connection, and does not come in again', async () => {
    const { village } = hub.systems;
    const socket = await openTls(hub.url, village.identity);
    const order = newOrder(village);
    expect(isAcknowledged(await village.client.ebxml(order), order.messageId)).to.equal(true);

    const last = (await hub.audit()).at(-1)?.seq ?? 0;
    const cut = untilClosed(socket, CUT_WITHIN_ms);
    await hub.authority.revoke(village.issued.serial);
    await cut;
    const late = await village.client.ebxml(newOrder(village)).then(
      ({ status }) => status,
      () => 'cut',
    );
    expect(late).to.equal('cut');
    const lines = (await hub.audit(last)).filter(({ action }) => action === 'refuse-connection');
    expect(new Set(lines.map(({ code }) => code))).to.deep.equal(new Set(['certificate-revoked']));
    await expectCut(village.identity, 'certificate-revoked');
  });

  it('so slowly that nothing comes of it is cut, while a good sender is served', async () => {
    const last = (await hub.audit()).at(-1)?.seq ?? 0;
    const { identity } = hub.systems.surgery;
    const begun = performance.now();
    const [halfOpen, slow, stuck] = await Promise.all([
      Promise.all(Array.from({ length: 60 }, () => openTcp(hub.url))),
      Promise.all(Array.from({ length: 30 }, () => openTls(hub.url, identity))),
      Promise.all(Array.from({ length: 10 }, () => openTls(hub.url, identity))),
    ]);
    const closed = [...halfOpen, ...slow, ...stuck].map((socket) => untilClosed(socket, CUT_WITHIN_ms));
    for (const socket of slow) socket.write('POST /Prescription HTTP/1.1\r\nHost: a\r\nX-Slow: ');
    const dripping = setInterval(() => {
      for (const socket of slow) if (socket.writable) socket.write('a');
    }, 100);
    for (const socket of stuck) {
      socket.write(
        'POST /Prescription HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nContent-Length: 1000\r\n\r\n<a',
      );
    }
    try {
      for (let i = 0; i < 10; i++) {
        await expectGoodSenderServed();
        await pass(50);
      }
      const times = await Promise.all(closed);
      // cut, but not before its time
      expect(Math.min(...times) - begun).to.be.at.least(HANDSHAKE_ms);
    } finally {
      clearInterval(dripping);
    }
    await expectGoodSenderServed();
    const codes = await eventually('both kinds are in the trail', async () => {
      const found = new Set((await hub.audit(last)).map(({ code }) => code));
      return found.has('handshake-timeout') && found.has('request-timeout') ? found : undefined;
    });
    expect([...codes].filter((code) => code !== undefined)).to.include.members([
      'handshake-timeout',
      'request-timeout',
    ]);
  });

  it('over too many connections at once is held off, while those who are in are served', async () => {
    const { surgery } = hub.systems;
    const sockets = await Promise.all(
      Array.from({ length: hub.config.connectionsPerAddress + 20 }, () => openTcp(hub.url)),
    );
    try {
      // this client's connections were there before
      await expectGoodSenderServed();
      const codes = await eventually('it is in the trail', async () => {
        const lines = await hub.audit();
        return lines.find(({ code }) => code === 'too-many-connections-from-address');
      });
      expect(codes.action).to.equal('refuse-connection');
    } finally {
      for (const socket of sockets) socket.destroy();
    }
    await pass(50);
    const fresh = createSystemClient(hub.url, surgery.identity);
    expect((await fresh.fhir('GET', '/mailbox')).status).to.equal(200);
    await fresh.close();
  });
});
