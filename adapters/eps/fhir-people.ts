/** Reads the people and organisations of a FHIR message. */
import { type FhirAddress, type Name, type Reference, type Resource, SYSTEM } from './fhir.ts';
import { coded, identifier, list, type Message } from './fhir-reader.ts';
import type { Address, Patient, PersonName, Prescriber, PrescribingOrganisation, ProfessionalNumber } from './model.ts';
import { required } from './reading.ts';

const GENDERS: ReadonlySet<string> = new Set(['male', 'female', 'other', 'unknown'] satisfies Patient['gender'][]);

export function readPatient(patient: Resource): Patient {
  const name = firstName(patient);
  const address = list(patient.address)[0];
  const practice = identifier(patient.generalPractitioner?.[0]?.identifier, SYSTEM.ods);
  const gender = patient.gender ?? 'unknown';
  return {
    nhsNumber: required(identifier(patient.identifier, SYSTEM.nhsNumber), 'Patient.identifier'),
    name: name ? nameOf(name) : {},
    gender: GENDERS.has(gender) ? (gender as Patient['gender']) : 'unknown',
    birthDate: required(patient.birthDate, 'Patient.birthDate'),
    ...(address && { address: addressOf(address) }),
    ...(practice !== undefined && { practice }),
  };
}

const firstName = (resource: Resource | undefined): Name | undefined =>
  typeof resource?.name === 'object' ? resource.name[0] : undefined;

const nameOf = ({ prefix, given, family, text }: Name): PersonName => ({
  ...(prefix && { prefix }),
  ...(given && { given }),
  ...(family !== undefined && { family }),
  ...(text !== undefined && { text }),
});

function addressOf(address: FhirAddress): Address {
  const { line = [], city, district, state, postalCode } = address;
  const lines = [...line, city, district, state].filter((part): part is string => Boolean(part));
  return { lines, ...(postalCode !== undefined && { postcode: postalCode }) };
}

/** False where the responsible party is an organisation: then the author's own is meant to answer. */
export const isPerson = (message: Message, reference: Reference): boolean =>
  message.follow(reference)?.resourceType === 'PractitionerRole';

export function readPrescriber(message: Message, reference: Reference | undefined, path: string): Prescriber {
  const role = required(message.follow(reference), path);
  const practitioner = message.follow(role.practitioner, role);
  const name = firstName(practitioner);
  const roleProfileId = identifier(role.identifier, SYSTEM.roleProfile);
  const userId = identifier(practitioner?.identifier ?? role.practitioner?.identifier, SYSTEM.user);
  const job = coded(list(role.code)[0], SYSTEM.role) ?? coded(list(role.code)[0]);
  const phone = role.telecom?.[0]?.value;
  const display = role.practitioner?.display;
  return {
    ...(roleProfileId !== undefined && { roleProfileId }),
    ...(userId !== undefined && { userId }),
    ...(job && { role: job }),
    ...(phone !== undefined && { phone }),
    name: name ? nameOf(name) : { ...(display !== undefined && { text: display }) },
    numbers: [...list(practitioner?.identifier), ...list(role.identifier)].flatMap(professionalNumber),
    organisation: readOrganisation(message, role),
  };
}

function professionalNumber({
  system,
  value,
}: {
  readonly system?: string;
  readonly value?: string;
}): ProfessionalNumber[] {
  if (!system?.startsWith(SYSTEM.registers) || value === undefined) return [];
  return [{ register: system.slice(SYSTEM.registers.length), value }];
}

/** A hospital prescriber's service stands in for the organisation, which then is what the service belongs to. */
function readOrganisation(message: Message, role: Resource): PrescribingOrganisation {
  const service = message.follow(role.healthcareService?.[0]);
  const referred = message.follow(role.organization);
  const organisation = service ?? referred;
  const ods = identifier(organisation?.identifier ?? role.organization?.identifier, SYSTEM.ods);
  const address = list((service && message.follow(service.location?.[0])?.address) ?? organisation?.address)[0];
  const name = typeof organisation?.name === 'string' ? organisation.name : role.organization?.display;
  const phone = organisation?.telecom?.[0]?.value;
  const parent = service ? referred : message.follow(referred?.partOf);
  const parentOds = identifier(parent?.identifier ?? referred?.partOf?.identifier, SYSTEM.ods);
  const parentName = typeof parent?.name === 'string' ? parent.name : referred?.partOf?.display;
  return {
    ods: required(ods, 'Organization.identifier'),
    ...(name !== undefined && { name }),
    ...(phone !== undefined && { phone }),
    ...(address && { address: addressOf(address) }),
    ...(parentOds !== undefined && {
      partOf: { ods: parentOds, ...(parentName !== undefined && { name: parentName }) },
    }),
  };
}
