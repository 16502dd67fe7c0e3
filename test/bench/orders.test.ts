/** The orders that the bench sends: real ones, each with ids of its own. */
import { join } from 'node:path';
import { expect } from 'chai';
import { readHl7Message } from '../../adapters/eps/acknowledgement.ts';
import { MESSAGE_MARK, OrderWriter, orderTemplate } from '../../bench/orders.ts';
import { isNhsNumber, isPrescriptionId } from '../../core/identifiers.ts';
import { readEbxmlParts } from '../../routes/ebxml/mime.ts';
import { createCatalogue } from '../../schemas/catalogue.ts';
import { DEFAULT_LIMITS } from '../../schemas/limits.ts';

const catalogue = createCatalogue({ xsdFolder: join(import.meta.dirname, '../../schemas'), limits: DEFAULT_LIMITS });
const ORDER = 'xml:eps/PORX_IN020101UK31';
const template = orderTemplate({
  path: '/Prescription',
  from: { systemId: '210000000001', partyKey: 'B83001-830001', ods: 'B83001' },
  hub: { systemId: '200000001285', partyKey: 'YES-0000806', cpaId: 'S1001A1630' },
  nominated: 'FA565',
  at: Date.parse('2026-03-02T09:00:00Z'),
});

function orderOf(request: Buffer) {
  const text = request.toString('utf8');
  const end = text.indexOf('\r\n\r\n');
  const contentType = /^Content-Type: (.*)$/im.exec(text)?.[1] ?? '';
  const body = Buffer.from(text.slice(end + 4));
  expect(body.length).to.equal(template.body_bytes);
  const [envelope, payload] = readEbxmlParts(contentType, body);
  if (envelope === undefined || payload === undefined) throw new Error('the order has no two parts');
  catalogue.verify('xml:ebxml/envelope', envelope.body);
  catalogue.verify(ORDER, payload.body);
  const document = catalogue.read(ORDER, payload.body);
  if (document.kind !== 'xml') throw new Error('the order is not XML');
  const { order, messageId } = readHl7Message(document.root);
  if (order.kind === 'unreadable') throw new Error('the order cannot be read');
  const { prescription } = order.message;
  const transportId = /<eb:MessageId>(.*?)</.exec(text)?.[1] ?? '';
  return { transportId, messageId, prescription };
}

describe('an order of the bench', () => {
  it('is of about 5 KB and passes the schema and the reader, whatever its number', () => {
    const writer = new OrderWriter(template);
    expect(template.body_bytes).to.be.within(5_000, 7_000);
    for (const number of [0, 1, 36, 65_535, 9_999_999, 2 ** 31]) {
      writer.write(number);
      const { prescription } = orderOf(writer.request);
      expect(isPrescriptionId(prescription.id), prescription.id).to.equal(true);
      expect(isNhsNumber(prescription.patient.nhsNumber)).to.equal(true);
    }
  });

  it('has ids that no other number has, and its number in the last group of its message id', () => {
    const writer = new OrderWriter(template);
    const seen = new Set<string>();
    for (let number = 0; number < 150; number++) {
      writer.write(number);
      const { transportId, messageId, prescription } = orderOf(writer.request);
      expect(transportId.slice(8, 24)).to.equal(MESSAGE_MARK);
      expect(Number.parseInt(transportId.slice(24), 16)).to.equal(number);
      for (const id of [transportId, messageId, prescription.id, prescription.guid, prescription.lines[0]?.id ?? ''])
        seen.add(id);
    }
    expect(seen.size).to.equal(150 * 5);
  });
});
