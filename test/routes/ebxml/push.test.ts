import { expect } from 'chai';
import { HubError } from '../../../core/errors.ts';
import { readManifest } from '../../../routes/ebxml/checks.ts';
import { readEbxmlHeader } from '../../../routes/ebxml/header.ts';
import { readEbxmlParts } from '../../../routes/ebxml/mime.ts';
import { writeAcknowledgment, writeErrorList } from '../../../routes/ebxml/write.ts';
import { createPush, type PushTransport } from '../../../routes/push.ts';
import { parseCheckedXml } from '../../../schemas/xml-tree.ts';
import { deliveryOf, directoryOf, openReceiver, PHARMACY, type Receiver } from '../receiver.ts';

const HUB = { partyKey: 'YES-0000806', cpaId: 'S1001A1630' };

describe('a push by ebXML', () => {
  let receiver: Receiver;
  let push: PushTransport;
  const directory = directoryOf(PHARMACY);
  const answerHeader = {
    messageId: 'C614484E-4B10-499A-9ACD-5D645CFACF61',
    from: PHARMACY.partyKey,
    to: HUB.partyKey,
    cpaId: HUB.cpaId,
    conversationId: deliveryOf().conversationId,
    timestamp: 0,
    refToMessageId: deliveryOf().id,
  };

  before(async () => {
    receiver = await openReceiver();
  });
  after(() => receiver.close());
  beforeEach(() => {
    receiver.received.length = 0;
    receiver.answer = (response) => response.writeHead(202).end();
    push = createPush({ tls: receiver.tls, hub: HUB, directory });
  });
  afterEach(() => push.close());

  it('carries the delivery under its own id, from the hub to the receiver, over the hub certificate', async () => {
    const delivery = deliveryOf({ refToMessageId: '79F49A34-9798-404C-AEC4-FD38DD81C138' });
    expect(await push.push(delivery, receiver.endpoint('ebxml'), false)).to.deep.equal({ kind: 'acknowledged' });
    const [received] = receiver.received;
    expect(received?.path).to.equal('/inbox');
    expect(received?.fingerprint).to.equal(receiver.hubFingerprint);
    expect(received?.headers['soapaction']).to.equal('urn:nhs:names:services:mm/PORX_IN050102UK32');
    const parts = readEbxmlParts(received?.headers['content-type'] ?? '', received?.body ?? Buffer.alloc(0));
    const header = readEbxmlHeader(parseCheckedXml(parts[0]?.body ?? Buffer.alloc(0)));
    expect(header).to.include({
      messageId: delivery.id,
      conversationId: delivery.conversationId,
      refToMessageId: delivery.refToMessageId,
      cpaId: HUB.cpaId,
      timestamp: delivery.createdAt,
    });
    expect([header.from.id, header.to.id]).to.deep.equal([HUB.partyKey, PHARMACY.partyKey]);
    expect(readManifest(header, parts).payload?.body.toString('utf8')).to.equal(delivery.body);
  });

  it('sends the same bytes on every attempt, over connections that are kept', async () => {
    const before = receiver.connections();
    for (let attempts = 0; attempts < 10; attempts++)
      await push.push(deliveryOf({ attempts }), receiver.endpoint('ebxml'), attempts > 0);
    const bodies = new Set(receiver.received.map(({ body }) => body.toString('base64')));
    expect(receiver.received).to.have.length(10);
    expect(bodies.size).to.equal(1);
    expect(receiver.connections() - before).to.be.at.most(2);
  });

  it('takes an acknowledgment for what it says, though the status is 500', async () => {
    const acknowledgment = writeAcknowledgment(answerHeader);
    receiver.answer = (response) =>
      response.writeHead(500, { 'content-type': acknowledgment.contentType }).end(acknowledgment.body);
    expect(await push.push(deliveryOf(), receiver.endpoint('ebxml'), false)).to.deep.equal({ kind: 'acknowledged' });
  });

  it('takes an error list for a refusal, though the status is 200', async () => {
    const errors = writeErrorList(answerHeader, new HubError('PARTY_UNKNOWN', { serviceCode: '501314' }));
    receiver.answer = (response) => response.writeHead(200, { 'content-type': errors.contentType }).end(errors.body);
    const result = await push.push(deliveryOf(), receiver.endpoint('ebxml'), false);
    expect(result).to.deep.equal({ kind: 'refused', reason: 'error list: ValueNotRecognized 501314' });
  });

  it('tries again after any 5xx, a cut connection, and an answer that comes too late or never', async () => {
    const endpoint = receiver.endpoint('ebxml', { timeout_ms: 150 });
    for (const status of [500, 502, 503, 599]) {
      receiver.answer = (response) => response.writeHead(status).end('<html>no</html>');
      expect((await push.push(deliveryOf(), endpoint, false)).kind, `${status}`).to.equal('retry');
    }
    receiver.answer = (response) => response.socket?.destroy();
    expect((await push.push(deliveryOf(), endpoint, false)).kind).to.equal('retry');
    receiver.answer = (response) => response.writeHead(200, { 'content-length': '100' }).write('half');
    expect((await push.push(deliveryOf(), endpoint, false)).kind).to.equal('retry');
    receiver.answer = () => {};
    const started = performance.now();
    const result = await push.push(deliveryOf(), endpoint, false);
    expect(result).to.deep.equal({ kind: 'retry', reason: 'no answer in time' });
    expect(performance.now() - started).to.be.within(140, 1_000);
  });

  it('counts the time that an attempt waits for a connection, and does not send it afterwards', async () => {
    const narrow = createPush({ tls: receiver.tls, hub: HUB, directory, connectionsPerReceiver: 1 });
    let release = (): void => {};
    receiver.answer = (response) => {
      release = () => response.writeHead(202).end();
    };
    const first = narrow.push(deliveryOf(), receiver.endpoint('ebxml'), false);
    const second = await narrow.push(
      deliveryOf({ id: 'second' }),
      receiver.endpoint('ebxml', { timeout_ms: 100 }),
      false,
    );
    expect(second).to.deep.equal({ kind: 'retry', reason: 'no answer in time' });
    release();
    expect(await first).to.deep.equal({ kind: 'acknowledged' });
    receiver.answer = (response) => response.writeHead(202).end();
    await narrow.push(deliveryOf({ id: 'third' }), receiver.endpoint('ebxml'), false);
    expect(receiver.received).to.have.length(2);
    expect(receiver.received[1]?.body.includes('second')).to.equal(false);
    await narrow.close();
  });

  it('tries again after an answer larger than it reads', async () => {
    receiver.answer = (response) => response.writeHead(200).end(Buffer.alloc(1_200_000, 32));
    const result = await push.push(deliveryOf(), receiver.endpoint('ebxml'), false);
    expect(result).to.deep.equal({ kind: 'retry', reason: 'the answer is too large' });
  });

  it('says nothing to a server of another authority, another name, or without TLS', async () => {
    const strange = createPush({ tls: receiver.strangeTls, hub: HUB, directory });
    expect((await strange.push(deliveryOf(), receiver.endpoint('ebxml'), false)).kind).to.equal('retry');
    await strange.close();
    const misnamed = receiver.endpoint('ebxml', { url: `https://127.0.0.1:${receiver.port}/inbox` });
    const result = await push.push(deliveryOf(), misnamed, false);
    expect(result).to.deep.equal({ kind: 'retry', reason: 'the certificate is not of the endpoint host' });
    const plain = receiver.endpoint('ebxml', { url: `http://localhost:${receiver.port}/inbox` });
    expect((await push.push(deliveryOf(), plain, false)).kind).to.equal('retry');
    expect(receiver.received).to.deep.equal([]);
  });

  it('trusts by the renewed certificates from then on', async () => {
    const renewed = createPush({ tls: receiver.strangeTls, hub: HUB, directory });
    expect((await renewed.push(deliveryOf(), receiver.endpoint('ebxml'), false)).kind).to.equal('retry');
    renewed.renew(receiver.tls);
    expect((await renewed.push(deliveryOf(), receiver.endpoint('ebxml'), false)).kind).to.equal('acknowledged');
    await renewed.close();
  });

  it('waits for a receiver that the directory does not know yet, and after closing never rejects', async () => {
    const unknown = await push.push(deliveryOf({ receiver: '999999999999' }), receiver.endpoint('ebxml'), false);
    expect(unknown).to.deep.equal({ kind: 'retry', reason: 'the receiver is not in the directory' });
    await push.close();
    expect((await push.push(deliveryOf(), receiver.endpoint('ebxml'), false)).kind).to.equal('retry');
  });
});
