/** The example prescription as the FHIR message that orders it. */
import {
  bundle,
  coded,
  date,
  groupIdentifier,
  header,
  identifier,
  iso,
  lineUrl,
  NHS,
  ods,
  quantity,
} from './fhir-parts.ts';
import {
  DAY_MS,
  EXAMPLE_SIGNATURE,
  EXAMPLE_SUPPLY_DAYS,
  type ExampleItem,
  type ExamplePrescription,
} from './prescription.ts';

/** Resources that stand for the same thing in every example. */
const PATIENT = 'urn:uuid:5a3c1d52-31f4-4c7e-9d38-0a4d7c1c2f01';
const ROLE = 'urn:uuid:5a3c1d52-31f4-4c7e-9d38-0a4d7c1c2f02';
const PERSON = 'urn:uuid:5a3c1d52-31f4-4c7e-9d38-0a4d7c1c2f03';
const ORGANISATION = 'urn:uuid:5a3c1d52-31f4-4c7e-9d38-0a4d7c1c2f04';
const SIGNATURE = 'urn:uuid:5a3c1d52-31f4-4c7e-9d38-0a4d7c1c2f05';

function medicationRequest(prescription: ExamplePrescription, item: ExampleItem): object {
  const { nominated, at, issues } = prescription;
  const repeating = issues !== undefined;
  return {
    resourceType: 'MedicationRequest',
    extension: [
      {
        url: `${NHS}/StructureDefinition/Extension-DM-PrescriptionType`,
        valueCoding: { system: `${NHS}/CodeSystem/prescription-type`, code: '0101' },
      },
    ],
    identifier: identifier('prescription-order-item-number', item.id.toLowerCase()),
    status: 'active',
    intent: repeating ? 'original-order' : 'order',
    category: [coded('http://terminology.hl7.org/CodeSystem/medicationrequest-category', 'community', 'Community')],
    medicationCodeableConcept: coded('http://snomed.info/sct', item.code, item.medicine),
    subject: { reference: PATIENT },
    requester: { reference: ROLE },
    groupIdentifier: groupIdentifier(prescription),
    courseOfTherapyType: repeating
      ? coded(`${NHS}/CodeSystem/medicationrequest-course-of-therapy`, 'continuous-repeat-dispensing')
      : coded('http://terminology.hl7.org/CodeSystem/medicationrequest-course-of-therapy', 'acute'),
    dosageInstruction: [{ text: item.dosage }],
    dispenseRequest: {
      extension: [
        {
          url: `${NHS}/StructureDefinition/Extension-DM-PerformerSiteType`,
          valueCoding: {
            system: `${NHS}/CodeSystem/dispensing-site-preference`,
            code: nominated === undefined ? '0004' : 'P1',
          },
        },
      ],
      ...(repeating && { numberOfRepeatsAllowed: issues - 1 }),
      validityPeriod: {
        start: repeating ? date(at) : iso(at),
        end: date(at + EXAMPLE_SUPPLY_DAYS * (issues ?? 1) * DAY_MS),
      },
      expectedSupplyDuration: {
        value: EXAMPLE_SUPPLY_DAYS,
        unit: 'day',
        system: 'http://unitsofmeasure.org',
        code: 'd',
      },
      quantity: quantity(item, item.quantity),
      ...(nominated !== undefined && { performer: ods(nominated) }),
    },
    substitution: { allowedBoolean: false },
  };
}

/** A signed prescription-order message for `$process-message`. */
export function prescriptionOrder(prescription: ExamplePrescription): string {
  const { patient, items, at } = prescription;
  const lines = items.map((item) => ({ fullUrl: lineUrl(item), resource: medicationRequest(prescription, item) }));
  const references = items.map((item) => ({ reference: lineUrl(item) }));
  return bundle(prescription.messageId, [
    header('prescription-order', 'Prescription Order', prescription.ods, [...items.map(lineUrl), PATIENT]),
    ...lines,
    {
      fullUrl: PATIENT,
      resource: {
        resourceType: 'Patient',
        identifier: identifier('nhs-number', patient.nhsNumber),
        name: [{ use: 'usual', family: patient.family, given: [patient.given], prefix: [patient.prefix] }],
        gender: patient.gender,
        birthDate: patient.birthDate,
        address: [{ use: 'home', line: ['1 Example Lane', 'Nowhere'], postalCode: 'ZZ99 3VZ' }],
        generalPractitioner: [ods(prescription.ods)],
      },
    },
    {
      fullUrl: ROLE,
      resource: {
        resourceType: 'PractitionerRole',
        identifier: identifier('sds-role-profile-id', '555254240100'),
        practitioner: { reference: PERSON },
        organization: { reference: ORGANISATION },
        code: [coded(`${NHS}/CodeSystem/NHSDigital-SDS-JobRoleCode`, 'S8000:G8000:R8000')],
        telecom: [{ system: 'phone', use: 'work', value: '01234567890' }],
      },
    },
    {
      fullUrl: PERSON,
      resource: {
        resourceType: 'Practitioner',
        identifier: [
          ...identifier('sds-user-id', '555254239107'),
          { system: 'https://fhir.hl7.org.uk/Id/gmc-number', value: 'C1234567' },
        ],
        name: [{ family: 'Quill', given: ['Rowan'], prefix: ['DR'] }],
      },
    },
    {
      fullUrl: ORGANISATION,
      resource: {
        resourceType: 'Organization',
        identifier: identifier('ods-organization-code', prescription.ods),
        name: 'EXAMPLE SURGERY',
        telecom: [{ system: 'phone', use: 'work', value: '01234567891' }],
        address: [{ use: 'work', line: ['2 Example Lane', 'Nowhere'], postalCode: 'ZZ99 3VZ' }],
        partOf: { ...ods('84H'), display: 'EXAMPLE COMMISSIONER' },
      },
    },
    {
      fullUrl: SIGNATURE,
      resource: {
        resourceType: 'Provenance',
        target: references,
        recorded: iso(at),
        agent: [{ who: { reference: ROLE } }],
        signature: [
          {
            type: [{ system: 'urn:iso-astm:E1762-95:2013', code: '1.2.840.10065.1.12.1.1' }],
            when: iso(at),
            who: { reference: ROLE },
            data: Buffer.from(EXAMPLE_SIGNATURE).toString('base64'),
          },
        ],
      },
    },
  ]);
}
