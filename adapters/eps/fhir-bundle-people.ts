/** Writes the patient, the prescribers and what the practice tells the patient, as entries of a FHIR message. */

import { SYSTEM } from './fhir.ts';
import { concept, type Entry, entry, ods, urn } from './fhir-entry.ts';
import type { Prescriber, Prescription } from './model.ts';

const phoneOf = (phone: string | undefined) =>
  phone === undefined ? {} : { telecom: [{ system: 'phone', use: 'work', value: phone }] };

export function writePatient({ patient }: Prescription, id: string): Entry {
  const { name, address, practice } = patient;
  return entry(id, {
    resourceType: 'Patient',
    identifier: [{ system: SYSTEM.nhsNumber, value: patient.nhsNumber }],
    name: [{ use: 'usual', ...name }],
    gender: patient.gender,
    birthDate: patient.birthDate,
    ...(address && {
      address: [
        {
          use: 'home',
          ...(address.lines.length > 0 && { line: address.lines }),
          ...(address.postcode !== undefined && { postalCode: address.postcode }),
        },
      ],
    }),
    ...(practice !== undefined && { generalPractitioner: [ods(practice)] }),
  });
}

export function writePrescriber(
  { name, numbers, role, roleProfileId, userId, phone, organisation }: Prescriber,
  freshId: () => string,
): { readonly roleId: string; readonly entries: readonly Entry[] } {
  const [personId, roleId, organisationId] = [freshId(), freshId(), freshId()];
  const identifiers = [
    ...(userId === undefined ? [] : [{ system: SYSTEM.user, value: userId }]),
    ...numbers.map(({ register, value }) => ({ system: `${SYSTEM.registers}${register}`, value })),
  ];
  const { address, partOf } = organisation;
  return {
    roleId,
    entries: [
      entry(roleId, {
        resourceType: 'PractitionerRole',
        ...(roleProfileId !== undefined && { identifier: [{ system: SYSTEM.roleProfile, value: roleProfileId }] }),
        practitioner: { reference: urn(personId) },
        organization: { reference: urn(organisationId) },
        ...(role && { code: [concept(SYSTEM.role, role)] }),
        ...phoneOf(phone),
      }),
      entry(personId, {
        resourceType: 'Practitioner',
        ...(identifiers.length > 0 && { identifier: identifiers }),
        ...(Object.keys(name).length > 0 && { name: [name] }),
      }),
      entry(organisationId, {
        resourceType: 'Organization',
        identifier: [{ system: SYSTEM.ods, value: organisation.ods }],
        ...(organisation.name !== undefined && { name: organisation.name }),
        ...phoneOf(organisation.phone),
        ...(address && {
          address: [
            {
              use: 'work',
              ...(address.lines.length > 0 && { line: address.lines }),
              ...(address.postcode !== undefined && { postalCode: address.postcode }),
            },
          ],
        }),
        ...(partOf && { partOf: { ...ods(partOf.ods), ...(partOf.name !== undefined && { display: partOf.name }) } }),
      }),
    ],
  };
}

export function writeInformation(prescription: Prescription, patient: string, freshId: () => string): Entry[] {
  const { otherMedication, patientInformation, author } = prescription;
  if (otherMedication.length === 0 && patientInformation.length === 0) return [];
  const listId = freshId();
  const medication = entry(listId, {
    resourceType: 'List',
    status: 'current',
    mode: 'snapshot',
    code: { text: 'Repeat Medications' },
    subject: { reference: patient },
    entry: otherMedication.map((display) => ({ item: { display } })),
  });
  const request = entry(freshId(), {
    resourceType: 'CommunicationRequest',
    status: 'unknown',
    subject: { reference: patient },
    payload: [
      ...patientInformation.map((contentString) => ({ contentString })),
      ...(otherMedication.length > 0 ? [{ contentReference: { reference: urn(listId) } }] : []),
    ],
    requester: { type: 'Organization', ...ods(author.organisation.ods) },
    recipient: [{ type: 'Patient', identifier: { system: SYSTEM.nhsNumber, value: prescription.patient.nhsNumber } }],
  });
  return otherMedication.length > 0 ? [request, medication] : [request];
}
