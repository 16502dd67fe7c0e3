/** A surgery and two pharmacies on a rule bench, which order, release and dispense with the example messages. */

import type { Interaction } from '../../../adapters/adapter.ts';
import { eps } from '../../../adapters/eps/adapter.ts';
import { currentIssue, type PrescriptionRecord, prescriptionKey } from '../../../adapters/eps/records.ts';
import type { Decision } from '../../../core/decision.ts';
import type { ConnectedSystem } from '../../../core/directory.ts';
import type { CheckedDocument } from '../../../core/document.ts';
import {
  type DispenseParts,
  dispenseNotification,
  type ExamplePrescription,
  type ExamplePrescriptionParts,
  examplePrescription,
  nominatedRelease,
  prescriptionOrder,
  prescriptionOrderHl7,
} from '../../../examples/eps/examples.ts';
import { parseCheckedXml } from '../../../schemas/xml-tree.ts';
import { RuleBench, testPerson, testSystem } from '../../support/rule-bench.ts';

export const surgery = testSystem('general-practice', 'A83008');
export const pharmacy = testSystem('pharmacy', 'FA565');
export const otherPharmacy = testSystem('pharmacy', 'FB123');
const HUB = '200000001285';

export function interaction(id: string): Interaction {
  const found = eps.interactions.find((candidate) => candidate.id === id);
  if (!found) throw new Error(`no interaction ${id}`);
  return found;
}

const json = (body: string): CheckedDocument => ({ kind: 'json', value: JSON.parse(body) });

/** GUIDs that never come twice in one run of a test, the first eight digits counting. */
export function guids(): () => string {
  let count = 0;
  return () => `${(++count).toString(16).padStart(8, '0')}-0000-4000-8000-00000000abcd`;
}

export class Prescribing {
  readonly bench = new RuleBench([surgery, pharmacy, otherPharmacy]);
  readonly id = guids();

  draft(more: Partial<ExamplePrescriptionParts> = {}): ExamplePrescription {
    return examplePrescription({ id: this.id, ods: 'A83008', nominated: 'FA565', at: this.bench.now, ...more });
  }

  order(
    prescription: ExamplePrescription,
    change: (message: string) => string = (message) => message,
  ): Promise<Decision> {
    return this.bench.ask(interaction('fhir:eps:prescription-order'), {
      from: surgery,
      person: testPerson('A83008', ['B0420']),
      document: json(change(prescriptionOrder(prescription))),
    });
  }

  orderHl7(
    prescription: ExamplePrescription,
    name: 'PORX_IN020101UK31' | 'PORX_IN020101SM31' = 'PORX_IN020101UK31',
    change: (message: string) => string = (message) => message,
  ): Promise<Decision> {
    const message = prescriptionOrderHl7(prescription, { from: surgery.systemId, to: HUB, interaction: name });
    return this.bench.ask(interaction(`urn:nhs:names:services:mm:${name}`), {
      from: surgery,
      document: { kind: 'xml', root: parseCheckedXml(Buffer.from(change(message))) },
    });
  }

  release(
    from: ConnectedSystem = pharmacy,
    prescriptionId?: string,
    activities?: readonly string[],
  ): Promise<Decision> {
    return this.bench.ask(interaction('fhir:eps:nominated-release'), {
      from,
      ...(activities && { person: testPerson(from.ods, activities) }),
      document: json(nominatedRelease({ ods: from.ods, ...(prescriptionId !== undefined && { prescriptionId }) })),
    });
  }

  dispense(
    prescription: ExamplePrescription,
    parts: Partial<DispenseParts> = {},
    from: ConnectedSystem = pharmacy,
    change: (message: string) => string = (message) => message,
  ): Promise<Decision> {
    const message = dispenseNotification(prescription, {
      messageId: this.id(),
      ods: from.ods,
      at: this.bench.now,
      ...parts,
    });
    return this.bench.ask(interaction('fhir:eps:dispense-notification'), {
      from,
      person: testPerson(from.ods, ['B0570']),
      document: json(change(message)),
    });
  }

  record({ prescriptionId }: ExamplePrescription): PrescriptionRecord | undefined {
    return this.bench.kept.get(`eps.prescription/${prescriptionKey(prescriptionId)}`)?.value as PrescriptionRecord;
  }

  /** Status of the prescription and of its lines, such as `0002 0008 0008`. */
  states(prescription: ExamplePrescription): string {
    const record = this.record(prescription);
    if (!record) return 'not kept';
    const { status, lines } = currentIssue(record);
    return [status, ...lines.map((line) => line.status)].join(' ');
  }
}

/** `REFUSED code serviceCode`, `HTTP status`, or `accepted`. */
export function told({ answer }: Decision): string {
  switch (answer.kind) {
    case 'refused':
      return `${answer.code} ${answer.serviceCode ?? '-'}`;
    case 'document':
      return `HTTP ${answer.status}`;
    case 'accepted':
      return 'accepted';
  }
}

interface Released {
  readonly parameter: readonly {
    readonly name: string;
    readonly resource: { readonly entry?: readonly { resource: object }[] };
  }[];
}

/** The message bundles of a release's answer. */
export function passed({ answer }: Decision): object[] {
  if (answer.kind !== 'document') return [];
  const { parameter = [] } = JSON.parse(answer.body) as Partial<Released>;
  const bundle = parameter.find(({ name }) => name === 'passedPrescriptions');
  return bundle?.resource.entry?.map(({ resource }) => resource) ?? [];
}
