/** The names of code and identifier systems that the published messages use. */
export const NHS_NUMBER = 'https://fhir.nhs.uk/Id/nhs-number';
export const ODS_CODE = 'https://fhir.nhs.uk/Id/ods-organization-code';
export const SDS_USER = 'https://fhir.nhs.uk/Id/sds-user-id';
export const SPINE_ASID = 'https://fhir.nhs.uk/Id/nhsSpineASID';
export const SUMMARY_ID = 'https://fhir.nhs.uk/Id/nhsSCRUUID';
export const SNOMED = 'http://snomed.info/sct';
export const GP_SUMMARY = '196981000000101';
export const ACS_PERMISSION = 'https://fhir.nhs.uk/CodeSystem/SCR-ACSPermission';
/** The hub's own: store consent beside the published permission, in a part that published readers pass over. */
export const STORE_CONSENT = 'https://vertebra.example/CodeSystem/scr-store-consent';
export const ALERT_TYPE = 'https://fhir.nhs.uk/CodeSystem/SCR-AlertType';
export const ALERT_REASON = 'https://fhir.nhs.uk/CodeSystem/SCR-AlertReason';
export const NOTIFICATION = 'https://fhir.nhs.uk/StructureDefinition/Extension-SCR-NotificationMessage';
