/** Reads the people and organisations of an HL7v3 prescription. */
import type { XmlElement } from '../../core/document.ts';
import { at, attribute, child, children, textOf } from '../../schemas/xml-read.ts';
import { dayOf } from './hl7v3-values.ts';
import type { Address, Patient, PersonName, Prescriber, PrescribingOrganisation } from './model.ts';
import { required } from './reading.ts';

/** Source: PersonGender, 2.16.840.1.113883.2.1.3.2.4.16.25 */
const GENDERS: Readonly<Record<string, Patient['gender']>> = {
  '0': 'unknown',
  '1': 'male',
  '2': 'female',
  '9': 'other',
};

/** Which register a prescriber's number is of, by its form; any other is a professional code. */
const REGISTERS: readonly (readonly [string, RegExp])[] = [
  ['nhsbsa-spurious-code', /^6\d{5}$/],
  ['nmc-number', /^\d{2}[A-Z]\d{4}[A-Z]$/],
  ['gmp-number', /^G[01234589]\d{6}$/],
  ['gmc-number', /^C\d{7}$/],
  ['hcpc-number', /^[A-Z]{2}\d{6}$/],
  ['din-number', /^[389]\d{5}$/],
];

export function readPatient(patient: XmlElement): Patient {
  const person = child(patient, 'patientPerson');
  const gender = attribute(child(person, 'administrativeGenderCode'), 'code') ?? '0';
  const practice = attribute(
    at(person, 'playedProviderPatient/subjectOf/patientCareProvision/responsibleParty/healthCareProvider/id'),
    'extension',
  );
  const address = child(patient, 'addr');
  return {
    nhsNumber: required(attribute(child(patient, 'id'), 'extension'), 'Patient.id'),
    name: readName(child(person, 'name')),
    gender: GENDERS[gender] ?? 'unknown',
    birthDate: dayOf(required(attribute(child(person, 'birthTime'), 'value'), 'birthTime'), 'birthTime'),
    ...(address && { address: readAddress(address) }),
    ...(practice !== undefined && { practice }),
  };
}

function readName(name: XmlElement | undefined): PersonName {
  const texts = (part: string) => children(name, part).flatMap((element) => textOf(element) ?? []);
  const [prefix, given, family, whole] = [texts('prefix'), texts('given'), texts('family')[0], textOf(name)];
  return {
    ...(prefix.length > 0 && { prefix }),
    ...(given.length > 0 && { given }),
    ...(family !== undefined && { family }),
    ...(family === undefined && whole !== undefined && { text: whole }),
  };
}

function readAddress(address: XmlElement): Address {
  const postcode = textOf(child(address, 'postalCode'));
  return {
    lines: children(address, 'streetAddressLine').flatMap((line) => textOf(line) ?? []),
    ...(postcode !== undefined && { postcode }),
  };
}

/** An author or a responsible party. */
export function readAgentPerson(agent: XmlElement): Prescriber {
  const roleProfileId = attribute(child(agent, 'id'), 'extension');
  const role = attribute(child(agent, 'code'), 'code');
  const phone = phoneOf(agent);
  const number = attribute(at(agent, 'agentPerson/id'), 'extension');
  return {
    ...(roleProfileId !== undefined && { roleProfileId }),
    ...(role !== undefined && { role: { code: role } }),
    ...(phone !== undefined && { phone }),
    name: readName(at(agent, 'agentPerson/name')),
    numbers: number === undefined ? [] : [{ register: registerOf(number), value: number }],
    organisation: readOrganisation(required(child(agent, 'representedOrganization'), 'representedOrganization')),
  };
}

const registerOf = (number: string): string =>
  REGISTERS.find(([, form]) => form.test(number))?.[0] ?? 'professional-code';

const phoneOf = (element: XmlElement): string | undefined =>
  attribute(child(element, 'telecom'), 'value')?.replace(/^tel:/, '');

function readOrganisation(organisation: XmlElement): PrescribingOrganisation {
  const name = textOf(child(organisation, 'name'));
  const phone = phoneOf(organisation);
  const address = child(organisation, 'addr');
  const parent = at(organisation, 'healthCareProviderLicense/Organization');
  const parentOds = attribute(child(parent, 'id'), 'extension');
  const parentName = textOf(child(parent, 'name'));
  return {
    ods: required(attribute(child(organisation, 'id'), 'extension'), 'representedOrganization.id'),
    ...(name !== undefined && { name }),
    ...(phone !== undefined && { phone }),
    ...(address && { address: readAddress(address) }),
    ...(parentOds !== undefined && {
      partOf: { ods: parentOds, ...(parentName !== undefined && { name: parentName }) },
    }),
  };
}
