/** Writes one line of a prescription as a MedicationRequest. */
import { iso } from '../../core/clock.ts';
import { COURSES, courseSystem, EXTENSION, SYSTEM } from './fhir.ts';
import { concept, type Entry, entry, ods, urn } from './fhir-entry.ts';
import type { Code, Prescription, PrescriptionLine } from './model.ts';
import type { Issue } from './records.ts';
import { LINE_STATUS } from './states.ts';

/** `id` of the resource is the id of the line. */
export function writeLine(
  line: PrescriptionLine,
  prescription: Prescription,
  issue: Issue,
  to: { readonly patient: string; readonly author: string; readonly responsible: string },
): Entry {
  const { treatment, site, nominated, supply, reviewDate } = prescription;
  const course = COURSES[treatment];
  const status = issue.lines.find(({ id }) => id === line.id)?.status ?? '0008';
  const repeating = treatment === '0003';
  const repeatInformation = [
    ...(reviewDate === undefined ? [] : [{ url: 'authorisationExpiryDate', valueDateTime: reviewDate }]),
    ...(line.repeats ? [{ url: 'numberOfPrescriptionsIssued', valueUnsignedInt: issue.number }] : []),
  ];
  return entry(line.id.toLowerCase(), {
    resourceType: 'MedicationRequest',
    extension: [
      { url: EXTENSION.responsible, valueReference: { reference: to.responsible } },
      { url: EXTENSION.prescriptionType, valueCoding: { system: SYSTEM.prescriptionType, code: prescription.type } },
      ...line.endorsements.map((code) => ({
        url: EXTENSION.endorsement,
        valueCodeableConcept: concept(SYSTEM.endorsement, code),
      })),
      ...(repeatInformation.length > 0 ? [{ url: EXTENSION.repeatInformation, extension: repeatInformation }] : []),
      ...(line.quantityWords === undefined
        ? []
        : [{ url: EXTENSION.controlledDrug, extension: [{ url: 'quantityWords', valueString: line.quantityWords }] }]),
      {
        url: EXTENSION.dispensing,
        extension: [
          {
            url: 'dispenseStatus',
            valueCoding: { system: SYSTEM.lineStatus, code: status, display: LINE_STATUS[status] },
          },
        ],
      },
    ],
    identifier: [{ system: SYSTEM.line, value: line.id.toLowerCase() }],
    ...(repeating && {
      basedOn: [
        {
          reference: urn(line.id.toLowerCase()),
          extension: [
            {
              url: EXTENSION.issueOfRepeat,
              extension: [
                { url: 'numberOfRepeatsAllowed', valueInteger: (prescription.repeats?.high ?? 1) - 1 },
                { url: 'numberOfRepeatsIssued', valueInteger: issue.number - 1 },
              ],
            },
          ],
        },
      ],
    }),
    status: LINE_REQUEST_STATUS[status] ?? 'active',
    intent: repeating ? 'reflex-order' : 'order',
    category: [concept(SYSTEM.category, categoryOf(prescription.type))],
    medicationCodeableConcept: concept(SYSTEM.snomed, line.medication),
    subject: { reference: to.patient },
    ...(prescription.signature?.signedAt !== undefined && { authoredOn: iso(prescription.signature.signedAt) }),
    requester: { reference: to.author },
    groupIdentifier: {
      system: SYSTEM.prescription,
      value: prescription.id,
      extension: [
        {
          url: EXTENSION.prescriptionGuid,
          valueIdentifier: { system: SYSTEM.prescriptionGuid, value: prescription.guid.toLowerCase() },
        },
      ],
    },
    courseOfTherapyType: concept(courseSystem(course.own), course),
    ...(line.note !== undefined && { note: [{ text: line.note }] }),
    dosageInstruction: [{ text: line.dosage }],
    dispenseRequest: {
      extension: [{ url: EXTENSION.site, valueCoding: { system: SYSTEM.site, code: site } }],
      ...((supply?.from !== undefined || supply?.to !== undefined) && {
        validityPeriod: {
          ...(supply.from !== undefined && { start: supply.from }),
          ...(supply.to !== undefined && { end: supply.to }),
        },
      }),
      ...(line.repeats && { numberOfRepeatsAllowed: line.repeats.high - 1 }),
      quantity: writeQuantity(line),
      ...(supply?.days !== undefined && {
        expectedSupplyDuration: { value: supply.days, unit: 'day', system: 'http://unitsofmeasure.org', code: 'd' },
      }),
      ...(nominated !== undefined && { performer: ods(nominated) }),
    },
    substitution: { allowedBoolean: false },
  });
}

/** Prescription types that begin with 0 are primary care. */
const categoryOf = (type: string): Code =>
  type.startsWith('0') ? { code: 'community', display: 'Community' } : { code: 'outpatient', display: 'Outpatient' };

/** MedicationRequest.status of lines that ended; those still open are active. */
const LINE_REQUEST_STATUS: Readonly<Partial<Record<keyof typeof LINE_STATUS, string>>> = {
  '0001': 'completed',
  '0002': 'stopped',
  '0005': 'cancelled',
  '0006': 'stopped',
};

const writeQuantity = ({ quantity: { value, unit } }: PrescriptionLine) => ({
  value,
  ...(unit && { unit: unit.display ?? unit.code, system: SYSTEM.snomed, code: unit.code }),
});
