import { readdirSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { expect } from 'chai';
import { ereferral } from '../../../adapters/ereferral/adapter.ts';
import { readCreate, readReject } from '../../../adapters/ereferral/fhir.ts';
import { readBooking, readWorklist } from '../../../adapters/ereferral/fhir-requests.ts';
import type { Cause } from '../../../core/envelope.ts';
import * as examples from '../../../examples/ereferral/examples.ts';
import { json, PATIENT, SERVICE, SLOTS } from './bench.ts';

const root = new URL('../../../', import.meta.url);
const corpus = new URL('../shared/corpus/ereferral/sandbox-mocks/stu3/', root);
const ajv = new Ajv({ strict: true });
const validators = new Map(
  ereferral.interactions
    .map(({ schema }) => schema)
    .filter((schema) => schema !== 'none')
    .map((schema) => {
      const file = new URL(`schemas/${schema.slice('json:'.length)}.schema.json`, root);
      return [schema, ajv.compile(JSON.parse(readFileSync(file, 'utf8')))] as const;
    }),
);
const keeps = (schema: string, body: unknown): boolean => validators.get(`json:ereferral/${schema}`)?.(body) === true;

const ids = { ubrn: '000000070000', version: 6, nhsNumber: PATIENT, service: SERVICE };
const referral = { nhsNumber: PATIENT, services: [SERVICE] };

describe('the schemas of the e-Referral service', () => {
  it('take every good example', () => {
    expect(keeps('create-referral', examples.createReferral(referral))).to.equal(true);
    expect(keeps('appointment', examples.booking({ ...ids, clinician: '1' }, SLOTS[0]))).to.equal(true);
    expect(keeps('appointment', examples.deferral(ids, 'NO_SLOTS_AT_SERVICE'))).to.equal(true);
    expect(
      keeps('fetch-worklist', examples.worklist('REFERRALS_FOR_REVIEW', { service: SERVICE, specialty: 'X' })),
    ).to.equal(true);
    expect(keeps('reject-referral', examples.rejection('OTHER', 'why', false))).to.equal(true);
    expect(keeps('publish-service', examples.cardiology(SLOTS))).to.equal(true);
  });

  for (const { fault, seenBy, body } of examples.badReferrals(referral))
    it(`${seenBy === 'schema' ? 'refuse' : 'leave to the reader'} ${fault}`, () => {
      expect(keeps('create-referral', body)).to.equal(seenBy === 'reader');
    });

  it('refuse values of other kinds where a reader would be misled', () => {
    expect(keeps('publish-service', { ...examples.cardiology(SLOTS), ods: 'RJ1' })).to.equal(false);
    expect(keeps('fetch-worklist', { ...examples.worklist('X'), parameter: {} })).to.equal(false);
    expect(keeps('appointment', { ...examples.booking(ids, SLOTS[0]), status: 'cancelled' })).to.equal(false);
    expect(keeps('appointment', { ...examples.booking(ids, SLOTS[0]), incomingReferral: [] })).to.equal(false);
  });
});

describe('the published example requests of the e-Referral service', () => {
  const requests = (operation: string): [string, unknown][] => {
    const folder = new URL(`${operation}/requests/`, corpus);
    return readdirSync(folder).map((name) => [name, JSON.parse(readFileSync(new URL(name, folder), 'utf8'))]);
  };
  const cause = { parameters: { ubrn: '000000070000' } } as unknown as Cause;

  before(function () {
    try {
      readdirSync(corpus);
    } catch {
      console.log('      skipped: the corpus of published examples is not here');
      this.skip();
    }
  });

  for (const [operation, schema, read] of [
    ['createReferral', 'create-referral', (body: unknown) => readCreate(json(body), cause)],
    ['rejectReferral', 'reject-referral', (body: unknown) => readReject(json(body), cause)],
    ['retrieveWorklist', 'fetch-worklist', (body: unknown) => readWorklist(json(body))],
    ['bookOrDeferAppointment', 'appointment', (body: unknown) => readBooking(json(body))],
  ] as const) {
    it(`of ${operation} keep to our schema and are read`, () => {
      const found = requests(operation);
      expect(found.length).to.be.greaterThan(1);
      for (const [name, body] of found) {
        expect(keeps(schema, body), name).to.equal(true);
        expect(() => read(body), name).to.not.throw();
      }
    });
  }
});
