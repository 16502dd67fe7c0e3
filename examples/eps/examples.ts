/** The messages of a prescription's life, good and bad, in the order in which the contract suite tells them. */
import type { ErrorCode } from '../../core/errors.ts';
import type { MessageExample } from '../example.ts';
import { dispenseNotification, nominatedRelease } from './fhir-dispensing.ts';
import { prescriptionOrder } from './fhir-order.ts';
import { prescriptionOrderHl7 } from './hl7v3.ts';
import { type ExamplePrescription, examplePatient, examplePrescription } from './prescription.ts';

export * from './fhir-dispensing.ts';
export * from './fhir-order.ts';
export * from './hl7v3.ts';
export * from './prescription.ts';

const surgery = { kind: 'general-practice', ods: 'A83008' } as const;
const pharmacy = { kind: 'pharmacy', ods: 'FA565' } as const;
/** The number of the system that the tests make for this surgery, and the hub's. */
const SURGERY_SYSTEM = '200217345395';
const HUB_SYSTEM = '200000001285';
const AT = Date.parse('2026-03-02T09:00:00Z');

/** GUIDs that are the same in every run. */
export function countedGuids(first: number): () => string {
  let next = first;
  return () => `E0000000-0000-4000-8000-${(next++).toString(16).toUpperCase().padStart(12, '0')}`;
}

const draft = (
  first: number,
  more: { readonly items?: number; readonly issues?: number } = {},
): ExamplePrescription => {
  // The short id takes the first digits of a GUID, so each prescription has its own there.
  const id = countedGuids(first);
  let made = 0;
  return examplePrescription({
    id: () => (made++ === 0 ? id().replace('E0000000-0', `${first.toString(16).padStart(8, '0')}-0`) : id()),
    ods: surgery.ods,
    nominated: pharmacy.ods,
    at: AT,
    ...more,
  });
};

const told = (number: number) => ({ messageId: countedGuids(number)(), ods: pharmacy.ods, at: AT });

/** Bad messages: the good one with one thing wrong. */
export const faults = {
  wrongCheckCharacter(prescription: ExamplePrescription): ExamplePrescription {
    const { prescriptionId } = prescription;
    const other = prescriptionId.endsWith('A') ? 'B' : 'A';
    return { ...prescription, prescriptionId: `${prescriptionId.slice(0, -1)}${other}` };
  },
  wrongNhsNumber(prescription: ExamplePrescription): ExamplePrescription {
    const { nhsNumber } = prescription.patient;
    const wrong = `${nhsNumber.slice(0, 9)}${(Number(nhsNumber[9]) + 1) % 10}`;
    return { ...prescription, patient: { ...prescription.patient, nhsNumber: wrong } };
  },
  sameItemTwice(prescription: ExamplePrescription): ExamplePrescription {
    const [first] = prescription.items;
    return first ? { ...prescription, items: [first, first] } : prescription;
  },
  notYetBorn: (prescription: ExamplePrescription): ExamplePrescription => ({
    ...prescription,
    patient: { ...prescription.patient, birthDate: '2999-01-01' },
  }),
  noNominee(prescription: ExamplePrescription): string {
    const message = prescriptionOrder(prescription);
    return message.replaceAll(/,"performer":\{[^}]*\}\}/g, '');
  },
} as const;

const fhirOrder = {
  interaction: 'fhir:eps:prescription-order',
  from: surgery,
  activities: ['B0420'],
} as const;
const dispense = {
  interaction: 'fhir:eps:dispense-notification',
  from: pharmacy,
  activities: ['B0570'],
} as const;
const release = { interaction: 'fhir:eps:nominated-release', from: pharmacy } as const;

const [fhir, repeating, uk31, sm31, partly] = [draft(1), draft(100, { issues: 6 }), draft(200), draft(300), draft(400)];
const bad = (what: string, body: string, ...refused: ErrorCode[]): MessageExample => ({
  ...fhirOrder,
  what,
  body,
  refused,
});
const hl7 = (prescription: ExamplePrescription, name: 'PORX_IN020101UK31' | 'PORX_IN020101SM31', from: string) => ({
  interaction: `urn:nhs:names:services:mm:${name}`,
  from: surgery,
  body: prescriptionOrderHl7(prescription, { from, to: HUB_SYSTEM, interaction: name }),
});

export const contractExamples: readonly MessageExample[] = [
  { ...fhirOrder, what: 'an order by FHIR', body: prescriptionOrder(fhir) },
  { ...fhirOrder, what: 'the same order again', body: prescriptionOrder(fhir) },
  { ...fhirOrder, what: 'an order for six issues', body: prescriptionOrder(repeating) },
  { ...hl7(uk31, 'PORX_IN020101UK31', SURGERY_SYSTEM), what: 'an order by HL7v3' },
  { ...hl7(sm31, 'PORX_IN020101SM31', SURGERY_SYSTEM), what: 'an order by HL7v3 under its other name' },
  bad('a wrong check character', prescriptionOrder(faults.wrongCheckCharacter(draft(500))), 'PRESCRIPTION_ID_INVALID'),
  bad('a wrong NHS number', prescriptionOrder(faults.wrongNhsNumber(draft(510))), 'NHS_NUMBER_INVALID'),
  bad('five items', prescriptionOrder(draft(520, { items: 5 })), 'RULE_REFUSED'),
  bad('the same item twice', prescriptionOrder(faults.sameItemTwice(draft(530))), 'RULE_REFUSED'),
  bad('a patient not yet born', prescriptionOrder(faults.notYetBorn(draft(540))), 'VALUE_INVALID'),
  bad('a nomination of nobody', faults.noNominee(draft(550)), 'VALUE_INVALID'),
  bad('a prescription id used before', prescriptionOrder({ ...fhir, messageId: uk31.messageId }), 'ALREADY_EXISTS'),
  bad('a body cut short', prescriptionOrder(fhir).slice(0, -5), 'JSON_ILL_FORMED'),
  {
    ...hl7(draft(560, { items: 5 }), 'PORX_IN020101UK31', SURGERY_SYSTEM),
    what: 'five items by HL7v3',
    refused: ['RULE_REFUSED'],
  },
  {
    ...hl7(draft(570), 'PORX_IN020101UK31', '200999999999'),
    what: 'an order that names another system as its sender',
    refused: ['PARTY_MISMATCH'],
  },
  { ...release, what: 'the pull of all that are nominated', body: nominatedRelease({ ods: pharmacy.ods }) },
  { ...release, what: 'a pull when nothing is left', body: nominatedRelease({ ods: pharmacy.ods }) },
  {
    ...release,
    what: 'a pull for another pharmacy',
    body: nominatedRelease({ ods: 'FB123' }),
    refused: ['PARTY_MISMATCH'],
  },
  {
    ...release,
    what: 'a request for a prescription that is released already',
    activities: ['B0570'],
    body: nominatedRelease({ ods: pharmacy.ods, prescriptionId: fhir.prescriptionId }),
    refused: ['STATE_CONFLICT'],
  },
  {
    ...dispense,
    what: 'a notification that one item is owed',
    body: dispenseNotification(fhir, { ...told(600), items: ['0001', '0004'], status: '0003' }),
  },
  { ...dispense, what: 'a notification that all is dispensed', body: dispenseNotification(fhir, told(601)) },
  {
    ...dispense,
    what: 'a notification that puts items back to be dispensed',
    body: dispenseNotification(uk31, { ...told(602), items: ['0007', '0007'], status: '0001' }),
    refused: ['STATE_CONFLICT'],
  },
  {
    ...dispense,
    what: 'a notification of a prescription that nobody ordered',
    body: dispenseNotification(partly, told(603)),
    refused: ['NOT_FOUND'],
  },
  {
    ...dispense,
    what: 'a notification of half of the items',
    body: dispenseNotification({ ...uk31, items: uk31.items.slice(0, 1) }, told(604)),
    refused: ['RULE_REFUSED'],
  },
  {
    ...dispense,
    what: 'a notification for another patient',
    body: dispenseNotification({ ...uk31, patient: examplePatient(7) }, told(605)),
    refused: ['PATIENT_MISMATCH'],
  },
];
