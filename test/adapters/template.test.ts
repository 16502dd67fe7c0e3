/** The adapter to copy works, so that what is copied works. */
import { expect } from 'chai';
import { notice, noticePosted, postNotice, readNotices } from '../../adapters/_template/adapter.ts';
import { contractExamples, post } from '../../examples/_template/examples.ts';
import { adapterContract } from '../contract/adapter-suite.ts';
import { testCatalogue } from '../contract/catalogue.ts';
import { RuleBench, testSystem } from '../support/rule-bench.ts';

const surgery = testSystem('general-practice', 'A83008');
const pharmacy = testSystem('pharmacy', 'FA565', { receives: [noticePosted.id] });

describe('the adapter to copy', () => {
  const catalogue = testCatalogue();
  after(() => catalogue.dispose());
  const posted = (code: string) => catalogue.check('fhir:Parameters', Buffer.from(post(code, 'FA565')));
  adapterContract(notice, contractExamples, catalogue);

  it('sends a notice on and shows it to its receiver alone', async () => {
    const bench = new RuleBench([surgery, pharmacy]);
    await bench.ask(postNotice, { from: surgery, document: posted('closure') });
    expect(bench.sent.map(({ to, interaction }) => [to, interaction])).to.deep.equal([
      [pharmacy.systemId, 'fhir:notice:posted'],
    ]);
    expect(await count(bench, pharmacy)).to.equal(1);
    expect(await count(bench, surgery)).to.equal(0);
  });

  it('counts a notice as unseen until it was read', async () => {
    const bench = new RuleBench([surgery, pharmacy]);
    await bench.ask(postNotice, { from: surgery, document: posted('delay') });
    await count(bench, pharmacy);
    await count(bench, pharmacy);
    const unseen = bench.facts
      .filter(({ kind }) => kind === 'notices-read')
      .map(({ attributes }) => attributes['unseen']);
    expect(unseen).to.deep.equal([1, 0]);
  });
});

async function count(bench: RuleBench, from: typeof pharmacy): Promise<number> {
  const { answer } = await bench.ask(readNotices, { from });
  return answer.kind === 'document' ? (JSON.parse(answer.body) as { total: number }).total : -1;
}
