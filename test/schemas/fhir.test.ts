import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect } from 'chai';
import { createFhirChecker } from '../../schemas/fhir.ts';
import { corpusFiles } from './corpus.ts';
import { refusal } from './refusal.ts';

const SECRET = '9434765919';

interface Resource {
  resourceType: string;
  [member: string]: unknown;
}

const order = (): { resourceType: string; type: string; entry: { fullUrl: string; resource: Resource }[] } => ({
  resourceType: 'Bundle',
  type: 'message',
  entry: [
    {
      fullUrl: 'urn:uuid:8bd1153b-c7aa-4094-afc0-434774b41744',
      resource: {
        resourceType: 'MessageHeader',
        eventCoding: { system: 'https://example.org/event', code: 'prescription-order' },
        source: { endpoint: 'urn:example:surgery' },
      },
    },
    {
      fullUrl: 'urn:uuid:051f8e53-4b7c-4d5b-9d0c-0d1c6a6c1f11',
      resource: {
        resourceType: 'MedicationRequest',
        status: 'active',
        intent: 'order',
        medicationCodeableConcept: {
          coding: [{ system: 'http://snomed.info/sct', code: '39720311000001101', display: 'A\u00a0tablet' }],
        },
        subject: { identifier: { value: SECRET } },
        authoredOn: '2026-11-23T09:30:00+00:00',
        groupIdentifier: {
          extension: [{ url: 'https://example.org/long', valueIdentifier: { value: 'x' } }],
          value: 'A48D9E-A83008-45CE9Q',
        },
        dispenseRequest: { quantity: { value: 28.5 }, numberOfRepeatsAllowed: 0 },
      },
    },
    {
      fullUrl: 'urn:uuid:78d3c2eb-009e-4ec8-a358-b042954aa9b2',
      resource: {
        resourceType: 'Patient',
        active: true,
        name: [{ family: 'A', given: ['B'] }],
        birthDate: '1970-02',
        text: { status: 'generated', div: '<div>A</div>' },
      },
    },
  ],
});

describe('a FHIR R4 resource', () => {
  const checker = createFhirChecker();

  it('is accepted when it keeps to the official schema', () => {
    checker.check(order());
    checker.check(order(), 'Bundle');
  });

  type Change = (bundle: ReturnType<typeof order>, resource: Resource, patient: Resource) => unknown;
  const request = 'Bundle.entry[1].resource';
  const mutations: readonly [name: string, change: Change, path: string, what: string][] = [
    [
      'a resource that there is not',
      (b) => Reflect.set(b, 'resourceType', SECRET),
      'resource',
      'has a resourceType that is missing or not taken here',
    ],
    [
      'a resource in it that there is not',
      (_, r) => Reflect.set(r, 'resourceType', SECRET),
      request,
      'has a resourceType that is missing or not taken here',
    ],
    ['a resource without its type', (_, r) => Reflect.deleteProperty(r, 'resourceType'), request, 'lacks resourceType'],
    [
      'a code outside its list',
      (b) => Reflect.set(b, 'type', SECRET),
      'Bundle.type',
      'is not one of the codes allowed',
    ],
    ['a member that is missing', (_, r) => Reflect.deleteProperty(r, 'subject'), request, 'lacks subject'],
    [
      'a member of another resource',
      (_, r) => Reflect.set(r, 'birthDate', SECRET),
      request,
      'has a member that the schema does not know: birthDate',
    ],
    [
      'a member whose name is a value',
      (_, r) => Reflect.set(r, SECRET, 1),
      request,
      'has a member that the schema does not know',
    ],
    [
      'a number for an object',
      (_, r) => Reflect.set(r, 'subject', 9434765919),
      `${request}.subject`,
      'is not of type object',
    ],
    [
      'a text for an array',
      (_, __, p) => Reflect.set(p, 'name', SECRET),
      'Bundle.entry[2].resource.name',
      'is not of type array',
    ],
    [
      'a text for a truth',
      (_, __, p) => Reflect.set(p, 'active', 'true'),
      'Bundle.entry[2].resource.active',
      'is not of type boolean',
    ],
    [
      'a number in a text',
      (_, __, p) => Reflect.set(p, 'name', [{ given: [9434765919] }]),
      'Bundle.entry[2].resource.name[0].given[0]',
      'is not of type string',
    ],
    [
      'an empty text',
      (_, __, p) => Reflect.set(p, 'name', [{ family: '' }]),
      'Bundle.entry[2].resource.name[0].family',
      'is empty',
    ],
    [
      'a day that is none',
      (_, __, p) => Reflect.set(p, 'birthDate', '1970-13-01'),
      'Bundle.entry[2].resource.birthDate',
      'does not have the form of its type',
    ],
    [
      'a time without a zone',
      (_, r) => Reflect.set(r, 'authoredOn', '2026-11-23T09:30:00'),
      `${request}.authoredOn`,
      'does not have the form of its type',
    ],
    [
      'a decimal for a count',
      (_, r) => Reflect.set(r, 'dispenseRequest', { numberOfRepeatsAllowed: 1.5 }),
      `${request}.dispenseRequest.numberOfRepeatsAllowed`,
      'is not of type integer',
    ],
    [
      'a negative count',
      (_, r) => Reflect.set(r, 'dispenseRequest', { numberOfRepeatsAllowed: -1 }),
      `${request}.dispenseRequest.numberOfRepeatsAllowed`,
      'is too small',
    ],
    [
      'a code with a line end',
      (_, r) => Reflect.set(r, 'status', 'active\n'),
      `${request}.status`,
      'does not have the form of its type',
    ],
    [
      'an id with a space',
      (_, r) => Reflect.set(r, 'id', 'a b'),
      `${request}.id`,
      'does not have the form of its type',
    ],
  ];
  for (const [name, change, path, what] of mutations) {
    it(`is refused for ${name}: where and what, never the value`, () => {
      const bundle = order();
      change(bundle, bundle.entry[1]?.resource as Resource, bundle.entry[2]?.resource as Resource);
      const { error } = refusal(() => checker.check(bundle));
      expect(error.code).to.equal('JSON_INVALID');
      expect(error.details.faults).to.deep.equal([{ path, what }]);
      expect(error.message + JSON.stringify(error.details)).not.to.contain(SECRET);
    });
  }

  for (const value of [
    null,
    1,
    'Bundle',
    [],
    [order()],
    {},
    { resourceType: 1 },
    { resourceType: 'constructor' },
    { resourceType: '__proto__' },
  ]) {
    it(`is not ${JSON.stringify(value).slice(0, 40)}`, () => {
      expect(refusal(() => checker.check(value)).error.code).to.equal('JSON_INVALID');
    });
  }

  it('is checked in time that does not explode with long texts', () => {
    const binary = { resourceType: 'Binary', contentType: 'text/plain', data: 'QUJD'.repeat(1_000_000) };
    checker.check(binary);
    for (const wrong of [
      { data: `${binary.data}*` },
      { data: `${' '.repeat(4_000_000)}*` },
      { contentType: `${'a '.repeat(2_000_000)} ` },
    ]) {
      expect(refusal(() => checker.check({ ...binary, ...wrong })).took_ms).to.be.lessThan(500);
    }
  });
});

describe('the published FHIR examples', () => {
  const checker = createFhirChecker();
  const resources = (files: readonly string[]): [file: string, resource: Resource][] =>
    files.flatMap((file) => {
      const resource = JSON.parse(readFileSync(file, 'utf8')) as Resource;
      return typeof resource.resourceType === 'string' ? [[file, resource]] : [];
    });

  /** Published, and yet not FHIR R4: an empty text, an object where a text belongs. */
  const NOT_FHIR = new Set([
    'Release-Response-200_OK.json',
    'bundle-success.json',
    'Process-Request-Dispense-Has-StatusReasonCodableConcept-200_OK.json',
  ]);

  it('for prescriptions are accepted, all but three that are not FHIR', function () {
    let accepted = 0;
    for (const [file, resource] of resources(corpusFiles(this, 'eps', '.json'))) {
      if (file.includes('clinical-tracker')) continue;
      if (NOT_FHIR.has(basename(file))) continue;
      try {
        checker.check(resource);
      } catch (thrown) {
        expect.fail(`${file}: ${JSON.stringify((thrown as { details?: object }).details)}`);
      }
      accepted++;
    }
    expect(accepted).to.be.greaterThan(150);
  });

  it('for summary records, those that clients send and are sent, are accepted', function () {
    const files = [
      ...corpusFiles(this, 'scr/integration-test-resources/uat', '.json'),
      ...corpusFiles(this, 'scr/specification-examples', '.json'),
    ];
    const examples = resources(files).filter(([file]) => !file.includes('spine'));
    for (const [file, resource] of examples) {
      try {
        checker.check(resource);
      } catch (thrown) {
        expect.fail(`${file}: ${JSON.stringify((thrown as { details?: object }).details)}`);
      }
    }
    expect(examples.length).to.be.greaterThan(20);
  });

  it('are refused when anything in them is damaged', function () {
    this.timeout(30_000);
    let refused = 0;
    const damages: readonly ((resource: Resource) => unknown)[] = [
      (resource) => Reflect.set(resource, 'nonsense', SECRET),
      (resource) => Reflect.set(resource, 'id', `${SECRET} ${SECRET}`),
      (resource) => Reflect.set(resource, 'meta', SECRET),
      (resource) => Reflect.set(resource, 'resourceType', 'Nonsense'),
      (resource) => Reflect.set(resource, 'extension', {}),
    ];
    for (const [file, resource] of resources(corpusFiles(this, 'eps/coordinator-examples/primary-care', '.json'))) {
      const entries = resource['entry'];
      const inner = Array.isArray(entries) ? (entries as { resource: Resource }[]).map((entry) => entry.resource) : [];
      for (const target of [resource, ...inner.filter(Boolean)]) {
        for (const damage of damages) {
          const kept = { ...target };
          damage(target);
          const { error } = refusal(() => checker.check(resource));
          expect(error.code, file).to.equal('JSON_INVALID');
          expect(JSON.stringify(error.details)).not.to.contain(SECRET);
          for (const member of Object.keys(target)) if (!(member in kept)) Reflect.deleteProperty(target, member);
          Object.assign(target, kept);
          refused++;
        }
      }
      checker.check(resource);
    }
    expect(refused).to.be.greaterThan(500);
  });
});

describe('the code that checks FHIR', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fhir-'));
  after(() => rmSync(folder, { recursive: true }));
  const works = (cacheFolder: string): void => {
    const checker = createFhirChecker({ cacheFolder });
    checker.check(order());
    expect(refusal(() => checker.check({ resourceType: 'Bundle', type: SECRET })).error.code).to.equal('JSON_INVALID');
  };

  it('is made once, kept, and loaded from there within two seconds', function () {
    this.timeout(60_000);
    const cacheFolder = join(folder, 'kept');
    works(cacheFolder);
    const [file, ...others] = readdirSync(cacheFolder);
    expect(file).to.match(/^fhir-r4-[0-9a-f]{24}\.cjs$/);
    expect(others).to.deep.equal([]);
    const start = performance.now();
    works(cacheFolder);
    expect(performance.now() - start).to.be.lessThan(2_000);
  });

  it('is made again where what was kept is damaged', function () {
    this.timeout(60_000);
    const cacheFolder = join(folder, 'damaged');
    works(cacheFolder);
    const file = join(cacheFolder, readdirSync(cacheFolder)[0] as string);
    const whole = readFileSync(file, 'utf8');
    writeFileSync(file, whole.slice(0, 1_000));
    works(cacheFolder);
    expect(readFileSync(file, 'utf8')).to.equal(whole);
  });

  it('is made in memory where nothing can be kept', function () {
    this.timeout(60_000);
    writeFileSync(join(folder, 'a-file'), '');
    works(join(folder, 'a-file', 'below'));
  });
});
