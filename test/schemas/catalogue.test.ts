import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { createCatalogue } from '../../schemas/catalogue.ts';
import { DEFAULT_LIMITS } from '../../schemas/limits.ts';
import { refusal } from './refusal.ts';

const folder = (name: string): string => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
const PLANS =
  '<plans xmlns="urn:example:plans"><plan id="1"><nhsNumber extension="9434765919"/><name>A</name><from>2026-01-01</from></plan></plans>';
const bytes = (text: string): Buffer => Buffer.from(text);

describe('the catalogue of schemas', () => {
  const catalogue = createCatalogue({ xsdFolder: folder('.'), limits: DEFAULT_LIMITS });
  const official = createCatalogue({
    xsdFolder: folder('.'),
    officialXsdFolder: folder('official'),
    limits: DEFAULT_LIMITS,
  });
  after(() => {
    catalogue.dispose();
    official.dispose();
  });

  it('checks XML against the XSD of a service and gives its tree', () => {
    const document = catalogue.check('xml:sample/plan', bytes(PLANS));
    expect(document.kind === 'xml' && document.root.children[0]?.name).to.equal('plan');
    const { error } = refusal(() => catalogue.check('xml:sample/plan', bytes(PLANS.replace('id="1"', ''))));
    expect(error.code).to.equal('XML_INVALID');
  });

  it('uses the official XSD of the same name where a folder of them is configured', () => {
    official.verify('xml:sample/plan', bytes('<p:official-plans xmlns:p="urn:example:plans"/>'));
    expect(refusal(() => official.verify('xml:sample/plan', bytes(PLANS))).error.code).to.equal('XML_INVALID');
  });

  it('checks JSON against the schema of a service, saying where and what', () => {
    expect(catalogue.check('json:sample/note', bytes('{"title":"A"}'))).to.deep.equal({
      kind: 'json',
      value: { title: 'A' },
    });
    const faults = (text: string) =>
      refusal(() => catalogue.verify('json:sample/note', bytes(text))).error.details.faults;
    expect(faults('{}')).to.deep.equal([{ path: 'body', what: 'lacks title' }]);
    expect(faults('{"title":"A","tags":["2026-01-01","x"]}')).to.deep.equal([
      { path: 'body.tags[1]', what: 'does not have the form of its type' },
    ]);
    expect(faults('{"title":"A","9434765919":1}')).to.deep.equal([
      { path: 'body', what: 'has a member that the schema does not know' },
    ]);
    expect(refusal(() => catalogue.verify('json:sample/note', bytes('{"title":'))).error.code).to.equal(
      'JSON_ILL_FORMED',
    );
  });

  it('checks FHIR, of any resource or of the one that belongs', () => {
    const parameters = bytes('{"resourceType":"Parameters"}');
    catalogue.verify('fhir', parameters);
    catalogue.verify('fhir:Parameters', parameters);
    const { error } = refusal(() => catalogue.verify('fhir:Bundle', parameters));
    expect(error.code).to.equal('JSON_INVALID');
    expect(error.details.faults).to.deep.equal([
      { path: 'resourceType', what: 'is not Bundle, the resource that belongs here' },
    ]);
  });

  it('reads what was verified without checking it again', () => {
    expect(catalogue.read('fhir:Bundle', bytes('\ufeff{"resourceType":"Task"}'))).to.deep.equal({
      kind: 'json',
      value: { resourceType: 'Task' },
    });
    expect(catalogue.read('xml:sample/plan', bytes('<other/>'))).to.have.nested.property('root.name', 'other');
  });

  it('gives no document where none is expected', () => {
    expect(catalogue.check('none', bytes(''))).to.deep.equal({ kind: 'none' });
    catalogue.verify('none', bytes(''));
  });

  for (const id of [
    '',
    'xml:plan',
    'xml:sample/absent',
    'xml:../sample/plan',
    'json:sample/plan',
    'fhir:Nonsense',
    'html:sample/plan',
  ]) {
    it(`has no schema ${JSON.stringify(id)}, and says so when it is prepared and when it is used`, () => {
      expect(() => catalogue.prepare([id])).to.throw('the catalogue has no schema');
      expect(() => catalogue.verify(id, bytes('{}'))).to.throw('the catalogue has no schema');
    });
  }

  it('takes any well-formed document under the name "xml" alone', () => {
    catalogue.verify('xml', bytes('<any><thing/></any>'));
    expect(() => catalogue.verify('xml', bytes('<any><thing></any>'))).to.throw('XML_ILL_FORMED');
  });

  it('prepares schemas ahead of their use', () => {
    catalogue.prepare(['none', 'fhir:Bundle', 'xml:sample/plan', 'json:sample/note']);
  });
});
