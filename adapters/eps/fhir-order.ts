/** Reads a FHIR prescription-order message into the domain's order. */
import { EXTENSION, type Resource, SYSTEM } from './fhir.ts';
import { isPerson, readPatient, readPrescriber } from './fhir-people.ts';
import { coded, extension, guid, identifier, instantOf, list, Message, quantityOf } from './fhir-reader.ts';
import type { Code, Order, Prescription, PrescriptionLine, Reading, SitePreference, TreatmentType } from './model.ts';
import { reading, required, unreadable } from './reading.ts';

const TREATMENTS: Readonly<Record<string, TreatmentType>> = {
  acute: '0001',
  continuous: '0002',
  'continuous-repeat-dispensing': '0003',
};
const SITES: ReadonlySet<string> = new Set(['P1', 'P2', 'P3', '0004'] satisfies SitePreference[]);

/** `bundle` has passed the FHIR schema. */
export function readFhirOrder(bundle: Resource): Reading<Order> {
  return reading(() => {
    const message = new Message(bundle);
    const header = message.one('MessageHeader');
    const messageId = guid(required(list(bundle.identifier)[0]?.value, 'Bundle.identifier'));
    const ods = identifier(header.sender?.identifier, SYSTEM.ods);
    return { messageId, claimed: ods === undefined ? {} : { ods }, prescription: readPrescription(message, messageId) };
  });
}

function readPrescription(message: Message, eventId: string): Prescription {
  const requests = message.all('MedicationRequest');
  const first = required(requests[0], 'MedicationRequest');
  for (const [field, of] of SAME) {
    if (requests.some((request) => of(request) !== of(first))) unreadable('0009', `${field} differs between items`);
  }
  const group = first.groupIdentifier;
  const course = required(coded(first.courseOfTherapyType)?.code, 'MedicationRequest.courseOfTherapyType');
  const treatment = TREATMENTS[course] ?? unreadable('0009', 'MedicationRequest.courseOfTherapyType');
  const site = siteOf(first);
  const { performer, validityPeriod, expectedSupplyDuration } = first.dispenseRequest ?? {};
  const nominated = identifier(performer?.identifier, SYSTEM.ods);
  const signature = message.all('Provenance')[0]?.signature?.[0];
  const prescribed = validityPeriod?.start ?? first.authoredOn ?? signature?.when;
  const lines = requests.map((request) => readLine(message, request, treatment));
  const issues = lines.map((line) => line.repeats?.high ?? 1);
  const review = extension(
    extension(first.extension, EXTENSION.repeatInformation)?.extension,
    'authorisationExpiryDate',
  );
  const responsible = extension(first.extension, EXTENSION.responsible)?.valueReference;
  return {
    id: required(identifier(group, SYSTEM.prescription), 'MedicationRequest.groupIdentifier'),
    guid: guid(
      required(
        extension(group?.extension, EXTENSION.prescriptionGuid)?.valueIdentifier?.value,
        'MedicationRequest.groupIdentifier.extension',
      ),
    ),
    eventId,
    prescribedAt: instantOf(
      required(prescribed, 'MedicationRequest.dispenseRequest.validityPeriod.start'),
      'MedicationRequest.dispenseRequest.validityPeriod.start',
    ),
    patient: readPatient(required(message.follow(first.subject), 'Patient')),
    author: readPrescriber(message, first.requester, 'MedicationRequest.requester'),
    ...(responsible &&
      responsible.reference !== first.requester?.reference &&
      isPerson(message, responsible) && {
        responsible: readPrescriber(message, responsible, 'MedicationRequest.extension'),
      }),
    type: required(
      extension(first.extension, EXTENSION.prescriptionType)?.valueCoding?.code,
      'MedicationRequest.extension',
    ),
    treatment,
    site: site ?? (nominated === undefined ? '0004' : 'P1'),
    ...(nominated !== undefined && { nominated }),
    ...(treatment === '0003' && { repeats: { low: 1, high: Math.max(...issues) } }),
    ...((validityPeriod || expectedSupplyDuration) && {
      supply: {
        ...(validityPeriod?.start !== undefined && { from: validityPeriod.start.slice(0, 10) }),
        ...(validityPeriod?.end !== undefined && { to: validityPeriod.end.slice(0, 10) }),
        ...(expectedSupplyDuration?.value !== undefined && { days: expectedSupplyDuration.value }),
      },
    }),
    ...(review?.valueDateTime !== undefined && { reviewDate: review.valueDateTime.slice(0, 10) }),
    lines,
    ...readInformation(message),
    ...(signature?.data !== undefined && {
      signature: {
        form: 'base64',
        text: signature.data,
        ...(signature.when !== undefined && { signedAt: instantOf(signature.when, 'Provenance.signature.when') }),
      },
    }),
  };
}

/** What the items of one prescription must agree on. Source: validation of the EPS FHIR API. */
const SAME: readonly (readonly [string, (request: Resource) => string | undefined])[] = [
  ['groupIdentifier', (request) => request.groupIdentifier?.value],
  ['subject', (request) => request.subject?.reference],
  ['requester', (request) => request.requester?.reference],
  ['courseOfTherapyType', (request) => coded(request.courseOfTherapyType)?.code],
  ['category', (request) => coded(request.category?.[0])?.code],
  ['authoredOn', (request) => request.authoredOn],
  ['performer', (request) => request.dispenseRequest?.performer?.identifier?.value],
  [
    'validityPeriod',
    ({ dispenseRequest }) => `${dispenseRequest?.validityPeriod?.start}/${dispenseRequest?.validityPeriod?.end}`,
  ],
  ['prescription type', (request) => extension(request.extension, EXTENSION.prescriptionType)?.valueCoding?.code],
];

function siteOf(request: Resource): SitePreference | undefined {
  const code = extension(request.dispenseRequest?.extension, EXTENSION.site)?.valueCoding?.code;
  if (code !== undefined && !SITES.has(code)) unreadable('0009', 'MedicationRequest.dispenseRequest.extension');
  return code as SitePreference | undefined;
}

function readLine(message: Message, request: Resource, treatment: TreatmentType): PrescriptionLine {
  const concept =
    request.medicationCodeableConcept ?? list(message.follow(request.medicationReference, request)?.code)[0];
  const { quantity, numberOfRepeatsAllowed } = request.dispenseRequest ?? {};
  const words = extension(extension(request.extension, EXTENSION.controlledDrug)?.extension, 'quantityWords');
  const note = request.note?.map((part) => part.text ?? '').join('\n');
  const repeats = treatment !== '0001' && numberOfRepeatsAllowed !== undefined;
  return {
    id: guid(required(identifier(request.identifier, SYSTEM.line), 'MedicationRequest.identifier')),
    medication: required(coded(concept, SYSTEM.snomed), 'MedicationRequest.medicationCodeableConcept'),
    quantity: required(quantityOf(quantity), 'MedicationRequest.dispenseRequest.quantity'),
    dosage: required(dosageOf(request), 'MedicationRequest.dosageInstruction'),
    ...(repeats && { repeats: { low: 1, high: numberOfRepeatsAllowed + 1 } }),
    endorsements: (request.extension ?? [])
      .filter((candidate) => candidate.url === EXTENSION.endorsement)
      .map((candidate) => coded(candidate.valueCodeableConcept))
      .filter((code): code is Code => code !== undefined),
    ...(words?.valueString !== undefined && { quantityWords: words.valueString }),
    ...(note && { note }),
  };
}

/** Several instructions as one sentence: those of one step joined by "and", steps by "then". */
function dosageOf({ dosageInstruction }: Resource): string | undefined {
  let text: string | undefined;
  let before: number | undefined;
  for (const dosage of dosageInstruction ?? []) {
    if (dosage.text === undefined) continue;
    text = text === undefined ? dosage.text : `${text}, ${dosage.sequence === before ? 'and' : 'then'} ${dosage.text}`;
    before = dosage.sequence;
  }
  return text;
}

/** The practice's words to the patient, and the list of other medication that goes with them. */
function readInformation(message: Message): Pick<Prescription, 'otherMedication' | 'patientInformation'> {
  const patientInformation: string[] = [];
  const otherMedication: string[] = [];
  for (const { payload } of message.all('CommunicationRequest')) {
    for (const { contentString, contentReference } of payload ?? []) {
      if (contentString !== undefined) patientInformation.push(contentString);
      for (const { item } of message.follow(contentReference)?.entry ?? []) {
        if (item?.display !== undefined) otherMedication.push(item.display);
      }
    }
  }
  return { otherMedication, patientInformation };
}
