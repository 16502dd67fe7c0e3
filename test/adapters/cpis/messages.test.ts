/** The messages keep to their schemas: the examples that come in, and what the hub sends out. */
import { expect } from 'chai';
import { HubError } from '../../../core/errors.ts';
import { badUploads, localAuthorityUpload } from '../../../examples/cpis/examples.ts';
import { testCatalogue } from '../../contract/catalogue.ts';
import { amy, ben, bodyOf, council, guid, known, mother, plan, send, startBench, view, visits } from './story.ts';

const UPLOAD = 'xml:cpis/REPC_MT000002GB01';
const ACKNOWLEDGEMENT = 'xml:cpis/REPC_MT000003GB01';
const NOTIFICATION = 'xml:cpis/REPC_MT000004GB01';

describe('the messages of child protection sharing', () => {
  const catalogue = testCatalogue();
  after(() => catalogue.dispose());
  const verdict = (body: string, schema: string): string => {
    try {
      catalogue.check(schema, Buffer.from(body));
      return 'good';
    } catch (error) {
      return error instanceof HubError ? `${error.code} ${JSON.stringify(error.details.faults)}` : String(error);
    }
  };

  const good = {
    id: guid(1),
    ods: council.ods,
    sequence: 1,
    records: [
      plan(amy, { end: '20260101', deleted: '20260102' }),
      plan({ ...ben, givenName: 'Ben' }, { kind: 'LAC' }),
      plan(mother, { kind: 'UCP', dueDate: '20260501' }),
    ],
  };

  it('accept a good upload', () => {
    expect(verdict(localAuthorityUpload(good), UPLOAD)).to.equal('good');
  });

  it('leave a bad number, date or sequence to the rules, so that it costs one record and not the file', () => {
    const odd = { ...good, sequence: 'seven', records: [plan({ ...amy, nhsNumber: 'ABC/12' }, { start: '20269999' })] };
    expect(verdict(localAuthorityUpload(odd), UPLOAD)).to.equal('good');
  });

  for (const { what, xml } of badUploads(good)) {
    it(`refuse an upload with ${what}`, () => {
      expect(verdict(xml, UPLOAD)).not.to.equal('good');
    });
  }

  it('keep an acknowledgement to its form, whatever became of the file', async () => {
    const bench = startBench(known(ben, { sensitive: true }));
    const odd = plan({ ...amy, nhsNumber: '<&"9', familyName: "O'<Neil>", givenName: '&amp;' });
    const file = [plan(amy), plan(ben), plan(amy, { start: 'soon' })];
    const replies = [
      await send(bench, file),
      await send(bench, file),
      await send(bench, file, { sequence: 'x' }),
      await send(bench, [{ ...odd, person: { ...odd.person, nhsNumber: '&lt;9', familyName: '&lt;N&gt;' } }], {
        sequence: 2,
      }),
    ];
    expect(replies.map(({ file: code }) => code)).to.deep.equal(['CPF03', 'CPF01', 'CPF01', 'CPF04']);
    for (const { decision } of replies) {
      expect(verdict(bodyOf(decision), ACKNOWLEDGEMENT)).to.equal('good');
    }
  });

  it('keep a notice to its form', async () => {
    const bench = startBench();
    bench.directory.organisation = (ods) => ({ ods, name: 'A & E <main>', active: true });
    await send(bench, [plan(amy), plan(amy, { kind: 'LAC' })]);
    await view(bench, amy);
    expect(bench.sent.map(({ body }) => verdict(body, NOTIFICATION))).to.deep.equal(['good']);
  });

  it('keep what is shown to FHIR R4', async () => {
    const bench = startBench();
    await send(bench, [plan(amy), plan(amy, { kind: 'LAC', end: '20260101' })]);
    await view(bench, amy);
    const { decision, previous } = await view(bench, amy);
    expect(previous).to.have.length(1);
    expect(verdict(bodyOf(decision), 'fhir:Bundle')).to.equal('good');
    const read = await visits(bench, amy, { include: 'AuditEvent:agent' });
    expect(verdict(bodyOf(read.decision), 'fhir:Bundle')).to.equal('good');
    expect(verdict(bodyOf((await view(bench, ben)).decision), 'fhir:Bundle')).to.equal('good');
  });
});
