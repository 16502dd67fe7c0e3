import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Resource } from '../../../adapters/eps/fhir.ts';
import { readFhirDispense } from '../../../adapters/eps/fhir-dispense.ts';
import { readFhirOrder } from '../../../adapters/eps/fhir-order.ts';
import { readRelease } from '../../../adapters/eps/fhir-release.ts';
import { readHl7Order } from '../../../adapters/eps/hl7v3.ts';
import type { Order, Prescription } from '../../../adapters/eps/model.ts';
import { checkOrder } from '../../../adapters/eps/order-checks.ts';
import { createCatalogue } from '../../../schemas/catalogue.ts';
import { DEFAULT_LIMITS } from '../../../schemas/limits.ts';
import { parseCheckedXml } from '../../../schemas/xml-tree.ts';

const CORPUS = join(import.meta.dirname, '../../../../shared/corpus/eps');
const NAME = 'PORX_IN020101SM31';

interface Pair {
  readonly request: string;
  readonly kind: string;
  readonly capture: string;
}

const pairs = (): Pair[] =>
  readFileSync(join(CORPUS, 'PAIRS.tsv'), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((row) => {
      const [request = '', kind = '', , capture = ''] = row.split('\t');
      return { request, kind, capture };
    });
const resource = (file: string): Resource => JSON.parse(readFileSync(join(CORPUS, file), 'utf8'));

function payload(file: string): string {
  const text = readFileSync(join(CORPUS, file), 'utf8');
  return text.slice(text.indexOf(`<${NAME}`), text.indexOf(`</${NAME}>`) + NAME.length + 3);
}

function orderOf(file: string): Order {
  const read = readFhirOrder(resource(file));
  if (read.kind !== 'read') throw new Error(`${file}: ${JSON.stringify(read.refused)}`);
  return read.message;
}

/** What both wires of the owner's own conversion carry. */
function essence({
  id,
  guid,
  eventId,
  patient,
  type,
  treatment,
  site,
  nominated,
  repeats,
  lines,
  author,
}: Prescription): object {
  return {
    id,
    guid,
    eventId,
    type,
    treatment,
    site,
    nominated,
    repeats,
    patient: { ...patient, address: undefined },
    organisation: author.organisation.ods,
    roleProfileId: author.roleProfileId,
    lines: lines.map(({ id: line, medication, quantity, dosage, repeats: issues }) => ({
      line,
      medication: medication.code,
      quantity: quantity.value,
      unit: quantity.unit?.code,
      dosage,
      issues,
    })),
  };
}

describe('the owner’s published examples', () => {
  before(function () {
    if (existsSync(CORPUS)) return;
    console.log('    skipped: the corpus of published examples is not beside this repository');
    this.skip();
  });
  const form = createCatalogue({ xsdFolder: join(import.meta.dirname, '../../../schemas'), limits: DEFAULT_LIMITS });
  after(() => form.dispose());

  it('by HL7v3 keep to our schema and can be read, every one', () => {
    const files = readdirSync(join(CORPUS, 'wire-captures')).filter((name) => name.includes(NAME));
    expect(files).to.have.length.greaterThan(20);
    for (const file of files) {
      const text = payload(join('wire-captures', file));
      form.check(`xml:eps/${NAME}`, Buffer.from(text));
      expect(readHl7Order(parseCheckedXml(Buffer.from(text))).kind, file).to.equal('read');
    }
  });

  it('mean the same in FHIR and in the HL7v3 that its owner made of it', () => {
    const both = pairs().filter(({ kind, capture }) => kind === 'prescription-order' && capture.includes(NAME));
    expect(both).to.have.length.greaterThan(20);
    for (const { request, capture } of both) {
      const hl7 = readHl7Order(parseCheckedXml(Buffer.from(payload(capture))));
      if (hl7.kind !== 'read') throw new Error(`${capture}: ${JSON.stringify(hl7.refused)}`);
      expect(essence(orderOf(request).prescription), request).to.deep.equal(essence(hl7.message.prescription));
    }
  });

  it('that are good pass every check on their own day, and the one with a wrong check character does not', () => {
    const orders = pairs().filter(({ request, kind }) => kind === 'prescription-order' && /Send-200_OK/.test(request));
    expect(orders).to.have.length.greaterThan(20);
    for (const { request } of orders) {
      const { prescription } = orderOf(request);
      expect(checkOrder(prescription, prescription.prescribedAt), request).to.equal(undefined);
    }
    const { prescription } = orderOf('coordinator-examples/errors/1-Process-Request-Send-400_INVALID_CHECKSUM.json');
    expect(checkOrder(prescription, prescription.prescribedAt)).to.include({ code: '5009' });
    const mixed = readFhirOrder(
      resource('coordinator-examples/errors/2-Process-Request-Send-400_Invalid_Course_of_Therapy_mixed.json'),
    );
    expect(mixed.kind).to.equal('unreadable');
  });

  it('of releases and dispense notifications can be read, every one', () => {
    const all = pairs();
    const releases = all.filter(({ kind }) => kind === 'Parameters');
    const notifications = all.filter(
      ({ kind, request }) => kind === 'dispense-notification' && !request.includes('/errors/'),
    );
    expect(releases.length).to.be.greaterThan(4);
    expect(notifications.length).to.be.greaterThan(8);
    for (const { request } of releases) expect(readRelease(resource(request)).kind, request).to.equal('read');
    for (const { request } of notifications) expect(readFhirDispense(resource(request)).kind, request).to.equal('read');
  });
});
