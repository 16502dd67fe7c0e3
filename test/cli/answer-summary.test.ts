/** What the command line says of an XML answer. */
import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import { summaryOf } from '../../cli/answer-summary.ts';
import { HubError } from '../../core/errors.ts';
import { writeAcknowledgment, writeErrorList, writeSoapFault } from '../../routes/ebxml/write.ts';

const header = {
  messageId: randomUUID().toUpperCase(),
  from: 'YES-0000806',
  to: 'A83008-820001',
  cpaId: 'S1001A1630',
  conversationId: 'C',
  timestamp: 0,
};
const said = ({ contentType, body }: { contentType: string; body: Buffer }) =>
  summaryOf(contentType, body.toString('utf8'));

describe('the summary of an XML answer', () => {
  it('says which message an acknowledgment is of', () => {
    expect(said(writeAcknowledgment({ ...header, refToMessageId: 'ABC' }))).to.equal('kept: the hub acknowledges ABC');
  });

  it('says what an error list and a SOAP fault refuse', () => {
    const error = new HubError('EBXML_INVALID', { faults: [{ path: 'eb:From', what: 'is missing' }] });
    expect(said(writeErrorList(header, error))).to.match(/^refused: Inconsistent: EBXML_INVALID: .*is missing/);
    expect(said(writeSoapFault(error))).to.match(/^refused: EBXML_INVALID: .*is missing/);
  });

  it('says nothing of what is no XML', () => {
    expect(summaryOf('application/json', '{}')).to.equal(undefined);
    expect(summaryOf('text/xml', '')).to.equal(undefined);
  });
});
