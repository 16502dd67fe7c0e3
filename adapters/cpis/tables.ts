/** The published codes of child protection sharing, as tables to hold against the specification. */
import type { PlanKind } from './model.ts';

/**
 * Interactions and message types.
 * Source: CP-IS Domain Message Specification 1.0. The id of the notification follows the pattern of the two that are published.
 */
export const LOCAL_AUTHORITY_UPLOAD = 'urn:nhs-itk:interaction:CP-ISLocalAuthorityUpload-v1-0';
export const ACCESS_NOTIFICATION = 'urn:nhs-itk:interaction:CP-ISAccessToServiceNotification-v1-0';

export const OID = {
  sequence: '2.16.840.1.113883.2.1.3.2.4.18.46',
  nhsNumber: '2.16.840.1.113883.2.1.4.1',
  organisation: '1.2.826.0.1285.0.1.10',
  userId: '1.2.826.0.1285.0.2.0.65',
  messageType: '2.16.840.1.113883.2.1.3.2.4.17.470',
  recordType: '2.16.840.1.113883.2.1.3.2.4.17.471',
  recordResult: '2.16.840.1.113883.2.1.3.2.4.17.473',
  fileResult: '2.16.840.1.113883.2.1.3.2.4.17.474',
} as const;

/** What became of a file (code system .474). */
export const FILE_RESULTS = {
  CPF01: 'The file could not be processed',
  CPF02: 'All records are in',
  CPF03: 'Some records are in',
  CPF04: 'No record is in',
  CPF05: 'The demographics service is not available: send the file again',
  CPF06: 'The client version is not supported',
} as const;
export type FileResult = keyof typeof FILE_RESULTS;

/** What became of a record (code system .473). */
export const RECORD_RESULTS = {
  CPR01: 'No match',
  CPR02: 'Matched, but the record is sensitive and cannot be updated',
  CPR03: 'The NHS number is not verified',
  CPR04: 'The NHS number is of an old style',
  CPR05: 'The NHS number is superseded: obtain the new one',
  CPR06: 'The record is in',
  CPR07: 'The record is not in, for the reason given',
} as const;
export type RecordResult = keyof typeof RECORD_RESULTS;

/** What qualifies CPR07. The published list is not public; these are the hub's own. */
export const RECORD_DETAILS = {
  START_DATE: 'The start date is missing or is no date',
  END_DATE: 'The end date is no date, or lies before the start',
  DELETE_DATE: 'The delete date is no date',
  DUE_DATE: 'An unborn child needs an expected delivery date',
  SUBJECT: 'This kind of plan is not for this kind of subject',
  PLAN_UNKNOWN: 'There is no such plan of this authority to delete',
} as const;
export type RecordDetail = keyof typeof RECORD_DETAILS;

/** Why a whole file is refused with CPF01; the hub's own words. */
export const FILE_FAULTS = {
  SEQUENCE_UNREADABLE: 'The sequence number cannot be read.',
  SEQUENCE_USED: 'The sequence number is not above the last one taken: the file is a replay or out of order.',
  QUANTITY: 'The file does not hold as many records as it says.',
  TOO_MANY: 'The file holds more records than the hub takes at once: send it in parts.',
} as const;
export type FileFault = keyof typeof FILE_FAULTS;

/** The plan's element, the template it keeps to, and its SNOMED CT category in a CareTeam. */
export const PLANS: Readonly<
  Record<PlanKind, { element: string; template: string; unborn: boolean; snomed: string; display: string }>
> = {
  LAC: {
    element: 'LACPlan',
    template: 'COCT_TP146100GB01',
    unborn: false,
    snomed: '764841000000100',
    display: 'Looked after child',
  },
  CPP: {
    element: 'CPPPlan',
    template: 'COCT_TP146101GB01',
    unborn: false,
    snomed: '342191000000101',
    display: 'Subject to child protection plan',
  },
  UCP: {
    element: 'UCPPlan',
    template: 'COCT_TP146102GB01',
    unborn: true,
    snomed: '818901000000100',
    display: 'Unborn child subject to child protection plan',
  },
};

/** Role activities. Source: national role-based access control, activities for child protection. */
export const VIEW_AND_NOTIFY = 'B0107';
export const VIEW_WITHOUT_NOTIFYING = 'B0170';

/** Records in one file; a larger authority sends parts. */
export const RECORDS_MAX = 5_000;
/** Previous visits shown, latest first, wherever in England they were. */
export const VISITS_SHOWN = 25;
