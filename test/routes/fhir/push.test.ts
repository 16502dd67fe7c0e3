import { expect } from 'chai';
import { createPush, type PushTransport } from '../../../routes/push.ts';
import { deliveryOf, directoryOf, openReceiver, type Receiver } from '../receiver.ts';

describe('a push by FHIR or bare XML', () => {
  let receiver: Receiver;
  let push: PushTransport;
  const delivery = deliveryOf({ contentType: 'application/fhir+json; charset=utf-8', body: '{"resourceType":"Task"}' });

  before(async () => {
    receiver = await openReceiver();
    const hub = { partyKey: 'YES-0000806', cpaId: 'S1001A1630' };
    push = createPush({ tls: receiver.tls, hub, directory: directoryOf() });
  });
  after(async () => {
    await push.close();
    await receiver.close();
  });
  beforeEach(() => {
    receiver.received.length = 0;
  });

  const answer = (status: number, body = '', contentType = 'application/fhir+json'): void => {
    receiver.answer = (response) => response.writeHead(status, { 'content-type': contentType }).end(body);
  };

  it('posts the body as it is with the delivery id and the conversation in the headers', async () => {
    answer(200);
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const result = await push.push({ ...delivery, traceparent }, receiver.endpoint('fhir'), false);
    expect(result).to.deep.equal({ kind: 'acknowledged' });
    const [received] = receiver.received;
    expect(received?.body.toString()).to.equal(delivery.body);
    expect(received?.headers).to.include({
      'content-type': delivery.contentType,
      'x-request-id': delivery.id,
      'x-correlation-id': delivery.conversationId,
      traceparent,
    });
  });

  it('leaves out a conversation id that no header could carry', async () => {
    answer(200);
    await push.push({ ...delivery, conversationId: 'a\r\nx-evil: 1' }, receiver.endpoint('fhir'), false);
    expect(receiver.received[0]?.headers).not.to.have.any.keys('x-correlation-id', 'x-evil');
  });

  it('posts bare XML the same way', async () => {
    answer(202);
    const xml = deliveryOf();
    expect((await push.push(xml, receiver.endpoint('xml'), false)).kind).to.equal('acknowledged');
    expect(receiver.received[0]?.body.toString('utf8')).to.equal(xml.body);
    expect(receiver.received[0]?.headers['content-type']).to.equal(xml.contentType);
  });

  const duplicate = JSON.stringify({ resourceType: 'OperationOutcome', issue: [{ code: 'duplicate' }] });
  const conflict = JSON.stringify({ resourceType: 'OperationOutcome', issue: [{ code: 'conflict' }] });
  const cases = [
    [201, '', 'acknowledged'],
    [409, duplicate, 'acknowledged'],
    [409, conflict, 'refused'],
    [409, 'not json', 'refused'],
    [408, '', 'retry'],
    [429, '', 'retry'],
    [500, '', 'retry'],
    [503, conflict, 'retry'],
    [400, '', 'refused'],
    [403, '', 'refused'],
    [301, '', 'refused'],
  ] as const;
  for (const [status, body, kind] of cases) {
    it(`is ${kind} by ${status} ${body.slice(0, 60)}`, async () => {
      answer(status, body);
      expect((await push.push(delivery, receiver.endpoint('fhir'), false)).kind).to.equal(kind);
    });
  }
});
