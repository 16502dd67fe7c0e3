import { expect } from 'chai';
import { HubError } from '../../../core/errors.ts';
import { capabilityStatement } from '../../../routes/fhir/capability.ts';
import { parseQuery, readPath } from '../../../routes/fhir/query.ts';
import { createFhirRouter, eventOf, type FhirAddress, type RoutedInteraction } from '../../../routes/fhir/router.ts';

const at = (id: string, address: Omit<FhirAddress, 'wire'>): RoutedInteraction => ({
  id,
  title: `title of ${id}`,
  addresses: [{ wire: 'fhir', ...address }, { wire: 'ebxml' }],
});
const order = at('order', { method: 'POST', path: '/FHIR/R4/$process-message', event: 'prescription-order' });
const dispense = at('dispense', { method: 'POST', path: '/FHIR/R4/$process-message', event: 'dispense-notification' });
const release = at('release', { method: 'POST', path: '/FHIR/R4/Task/$release' });
const readTask = at('read-task', { method: 'GET', path: '/FHIR/R4/Task/{id}' });
const updateTask = at('update-task', { method: 'PUT', path: '/FHIR/R4/Task/{id}' });
const instance = at('instance', { method: 'POST', path: '/FHIR/R4/{type}/{operation}' });
const search = at('search', { method: 'GET', path: '/FHIR/R4/DocumentReference', query: ['patient!', 'type'] });
const ALL = [order, dispense, release, readTask, updateTask, instance, search];

const router = createFhirRouter(ALL);
const routed = (method: string, path: string) => {
  const { candidates, parameters } = router.route(method, path);
  return { ids: candidates.map(({ interaction }) => interaction.id), parameters };
};
const codeOf = (action: () => unknown): string => {
  try {
    action();
  } catch (thrown) {
    if (thrown instanceof HubError) return thrown.code;
    throw thrown;
  }
  return 'taken';
};

describe('a FHIR route', () => {
  it('is found by its exact path', () => {
    expect(routed('POST', '/FHIR/R4/Task/$release')).to.deep.equal({ ids: ['release'], parameters: {} });
    expect(routed('GET', '/FHIR/R4/DocumentReference')).to.deep.equal({ ids: ['search'], parameters: {} });
  });

  it('is found by a pattern, with its parameters decoded', () => {
    expect(routed('GET', '/FHIR/R4/Task/a%2Bb')).to.deep.equal({ ids: ['read-task'], parameters: { id: 'a+b' } });
    expect(routed('PUT', '/FHIR/R4/Task/1').ids).to.deep.equal(['update-task']);
    expect(routed('POST', '/FHIR/R4/Claim/$submit').parameters).to.deep.equal({ type: 'Claim', operation: '$submit' });
  });

  it('is the same path when it is spelt with escapes that it does not need', () => {
    expect(routed('POST', '/FHIR/R4/Task/%24release').ids).to.deep.equal(['release']);
  });

  it('with a literal segment ranks before one with a name, whichever was declared first', () => {
    const both = createFhirRouter([
      at('name', { method: 'GET', path: '/{a}/b' }),
      at('literal', { method: 'GET', path: '/a/{b}' }),
    ]);
    expect(both.route('GET', '/a/b').candidates[0].interaction.id).to.equal('literal');
    expect(both.route('GET', '/x/b').candidates[0].interaction.id).to.equal('name');
  });

  it('shared by several interactions is told apart by the event of the message', () => {
    const match = router.route('POST', '/FHIR/R4/$process-message');
    expect(match.candidates).to.have.length(2);
    expect(router.choose(match, 'dispense-notification').interaction.id).to.equal('dispense');
    expect(codeOf(() => router.choose(match, 'prescription-order-update'))).to.equal('INTERACTION_UNKNOWN');
    expect(codeOf(() => router.choose(match, undefined))).to.equal('INTERACTION_UNKNOWN');
    const single = router.route('POST', '/FHIR/R4/Task/$release');
    expect(router.choose(single, undefined).interaction.id).to.equal('release');
  });

  it('has its event in the header of the message, which is the first entry', () => {
    const header = { resource: { resourceType: 'MessageHeader', eventCoding: { code: 'prescription-order' } } };
    expect(eventOf({ resourceType: 'Bundle', entry: [header] })).to.equal('prescription-order');
    for (const document of [
      null,
      1,
      [],
      {},
      { entry: [] },
      { entry: [{ resource: { eventCoding: { code: 'x' } } }, header] },
    ])
      expect(eventOf(document)).to.equal(undefined);
  });

  it('that nobody declared is unknown; one declared for another method says which it takes', () => {
    for (const path of [
      '/',
      '/FHIR/R4',
      '/FHIR/R4/DocumentReference/1/2',
      '/fhir/r4/DocumentReference',
      '/FHIR/R4/__proto__',
    ])
      expect(
        codeOf(() => router.route('GET', path)),
        path,
      ).to.be.oneOf(['INTERACTION_UNKNOWN', 'PARAMETER_INVALID']);
    expect(() => router.route('PATCH', '/FHIR/R4/Task/1'))
      .to.throw(HubError)
      .that.satisfies((error: HubError) => error.code === 'METHOD_UNSUPPORTED')
      .with.nested.property('details.allow')
      .that.has.members(['GET', 'PUT', 'POST']);
  });

  for (const path of [
    '/FHIR/R4/Task/../x',
    '/FHIR/R4/Task/%2e%2e',
    '/FHIR/R4/Task/.',
    '/FHIR/R4//1',
    '/FHIR/R4/Task/',
    '/FHIR/R4/Task/a%2fb',
    '/FHIR/R4/Task/a%5Cb',
    '/FHIR/R4/Task/a\\b',
    '/FHIR/R4/Task/a%00',
    '/FHIR/R4/Task/a%0d%0ab',
    '/FHIR/R4/Task/%',
    '/FHIR/R4/Task/%zz',
    '/FHIR/R4/Task/%c0%af',
    '/FHIR/R4/Task/é',
    'FHIR/R4/Task/1',
    `/${'x'.repeat(2_000)}`,
  ]) {
    it(`never follows ${JSON.stringify(path.slice(0, 40))}`, () => {
      expect(codeOf(() => router.route('GET', path))).to.equal('PARAMETER_INVALID');
      expect(codeOf(() => readPath(path))).to.equal('PARAMETER_INVALID');
    });
  }

  it('claimed twice is a mistake that is seen at the start', () => {
    expect(() => createFhirRouter([release, { ...release, id: 'other' }])).to.throw(/other and release both claim/);
    expect(() => createFhirRouter([order, { ...order, id: 'other' }])).to.throw(/both claim/);
    expect(() => createFhirRouter([readTask, at('x', { method: 'PATCH', path: '/FHIR/R4/Task/{other}' })])).to.throw(
      /otherwise/,
    );
    expect(() => createFhirRouter([at('x', { method: 'GET', path: 'no-slash' })])).to.throw(/not of the form/);
    expect(() => createFhirRouter([at('x', { method: 'GET', path: '/a/b{c}' })])).to.throw(/not of the form/);
  });
});

describe('a query string', () => {
  const allowed = ['patient!', 'patient:identifier', 'type'];

  it('is read by name, percent-decoded, and a plus sign is a plus sign', () => {
    expect(parseQuery('patient=a%7Cb&type=24F5DA-A83008-7EFE6+&patient%3Aidentifier=1%2B', allowed)).to.deep.equal({
      patient: 'a|b',
      type: '24F5DA-A83008-7EFE6+',
      'patient:identifier': '1+',
    });
    expect(parseQuery('', ['type'])).to.deep.equal({});
    expect(parseQuery('patient=a=b', allowed)).to.deep.equal({ patient: 'a=b' });
  });

  for (const [name, query] of [
    ['an unknown parameter', 'patient=1&colour=red'],
    ['a repeated one', 'patient=1&patient=2'],
    ['an empty one', 'patient='],
    ['one without a value', 'patient=1&type'],
    ['a required one that is missing', 'type=1'],
    ['a broken escape', 'patient=%zz'],
    ['a control character', 'patient=%00'],
    ['a raw space', 'patient=a b'],
    ['an empty pair', 'patient=1&&type=2'],
    ['too many', `patient=1${'&type=1'.repeat(40)}`],
    ['too much', `patient=${'1'.repeat(4_001)}`],
    ['a name of every object', 'patient=1&__proto__=1'],
  ] as const) {
    it(`with ${name} is refused`, () => {
      expect(codeOf(() => parseQuery(query, allowed))).to.equal('PARAMETER_INVALID');
    });
  }

  it('is refused with every fault at once, and without what was sent', () => {
    try {
      parseQuery('secret9434765919=1&type=', allowed);
      expect.fail('it was taken');
    } catch (thrown) {
      if (!(thrown instanceof HubError)) throw thrown;
      expect(thrown.details.faults).to.have.length(3);
      expect(JSON.stringify(thrown.details)).not.to.include('9434765919');
    }
  });
});

describe('the capability statement', () => {
  it('tells of every address: resources, searches, operations and events', () => {
    const statement = capabilityStatement(ALL, { at: 0, software: { name: 'hub', version: '1' } });
    const [rest] = statement.rest;
    expect(statement).to.include({
      resourceType: 'CapabilityStatement',
      date: '1970-01-01T00:00:00.000Z',
      fhirVersion: '4.0.1',
    });
    expect(rest.operation.map(({ name }) => name)).to.deep.equal(['process-message']);
    expect(JSON.stringify(statement.messaging)).to.include('dispense-notification');
    expect(rest.resource).to.deep.equal([
      {
        type: 'Task',
        interaction: [
          { code: 'read', documentation: 'title of read-task' },
          { code: 'update', documentation: 'title of update-task' },
        ],
        operation: [
          { name: 'release', definition: 'urn:vertebra:operation:release', documentation: 'title of release' },
        ],
      },
      {
        type: 'DocumentReference',
        interaction: [{ code: 'search-type', documentation: 'title of search' }],
        searchParam: [
          { name: 'patient', type: 'special' },
          { name: 'type', type: 'special' },
        ],
      },
    ]);
  });
});
