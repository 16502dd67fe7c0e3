/** The names of code and identifier systems, and of profiles, that the published messages use. */
const STU3 = 'https://fhir.nhs.uk/STU3';
export const NHS_NUMBER = 'http://fhir.nhs.net/Id/nhs-number';
export const SDS_USER = 'http://fhir.nhs.net/Id/sds-user-id';
export const ERS_SERVICE = 'http://fhir.nhs.net/Id/ers-service';
export const ODS_CODE = 'https://fhir.nhs.uk/Id/ods-organization-code';
export const REQUEST_ID = 'https://fhir.nhs.uk/Id/ers-request-id';
export const codeSystem = (name: string): string => `${STU3}/CodeSystem/${name}`;
export const structure = (name: string): string => `${STU3}/StructureDefinition/${name}`;
export const PRIORITY = codeSystem('eRS-Priority-1');
export const REVIEW_REASON = codeSystem('eRS-ReviewReason-1');
export const APPOINTMENT_PROFILES = [
  structure('eRS-Appointment-1'),
  'https://fhir.hl7.org.uk/STU3/StructureDefinition/CareConnect-Appointment-1',
];
