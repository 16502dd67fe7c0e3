/** The service's own refusals: each code of its lists with the hub's code for it and the words the owner uses. */
import type { Answer } from '../../core/decision.ts';
import type { ErrorCode } from '../../core/errors.ts';
import { SYSTEM } from './fhir.ts';

/** One line of a list of the service. `name` is its FHIR code, in the list of the service or in that of Spine. */
export interface Refusal {
  readonly hub: ErrorCode;
  readonly name: string;
  readonly text: string;
  readonly namedBy: 'eps' | 'spine';
}

const refusal = (hub: ErrorCode, name: string, text: string): Refusal => ({ hub, name, text, namedBy: 'eps' });
const spineRefusal = (hub: ErrorCode, name: string, text: string): Refusal => ({ hub, name, text, namedBy: 'spine' });

/** Prescribe errors, 2.16.840.1.113883.2.1.3.2.4.17.22: orders and dispense notifications. */
export const PRESCRIBE_REFUSALS = {
  '0002': refusal('ALREADY_EXISTS', 'DUPLICATE_PRESCRIPTION_ID', 'Duplicate prescription ID exists'),
  '0003': refusal('RULE_REFUSED', 'MISSING_DIGITAL_SIGNATURE', 'Digital signature not found'),
  '0005': refusal('NOT_FOUND', 'PRESCRIPTION_NOT_FOUND', 'Prescription can not be found. Contact prescriber'),
  '0007': spineRefusal('VALUE_INVALID', 'INVALID_RESOURCE_ID', 'The resource ID was not valid'),
  '0008': spineRefusal('VALUE_INVALID', 'MISSING_VALUE', 'A required value is missing'),
  '0009': refusal('RULE_REFUSED', 'INVALID_MESSAGE', 'Invalid Message'),
  '0010': refusal(
    'RULE_REFUSED',
    'INVALID_NUMBER_MEDICATIONREQUESTS',
    'Number of items on a prescription should be between 1 and 4',
  ),
  '0012': refusal(
    'STATE_CONFLICT',
    'PRESCRIPTION_INVALID_STATE_TRANSITION',
    'Invalid State Transition for Prescription',
  ),
  '0013': refusal(
    'STATE_CONFLICT',
    'MEDICATIONREQUEST_INVALID_STATE_TRANSITION',
    'Invalid State Transition for Prescription Item',
  ),
  '0014': refusal('RULE_REFUSED', 'MEDICATIONREQUEST_NOT_FOUND', 'Prescription Item Not found'),
  '0018': refusal('RULE_REFUSED', 'MISMATCH_AUTHORISED_REPEAT_COUNT', 'Mismatch in authorised repeat counts'),
  '0019': refusal('RULE_REFUSED', 'INVALID_REPEAT_COUNT', 'Repeat count should be between 1 and 99'),
  '5008': refusal('RULE_REFUSED', 'DUPLICATE_MEDICATIONREQUEST_ID', 'Duplicate item ID exists'),
  '5009': refusal('PRESCRIPTION_ID_INVALID', 'INVALID_CHECK_DIGIT', 'Error in check digit'),
  '9006': refusal('VALUE_INVALID', 'INVALID_DATE_FORMAT', 'Format of date passed is invalid'),
  '9999': spineRefusal('RULE_REFUSED', 'FAILURE_TO_PROCESS_MESSAGE', 'The message cannot be processed'),
} as const satisfies Record<string, Refusal>;
export type PrescribeCode = keyof typeof PRESCRIBE_REFUSALS;

/** Dispense errors, 2.16.840.1.113883.2.1.3.2.4.16.34: releases. 0006 is information, not a refusal. */
export const DISPENSE_REFUSALS = {
  '0001': refusal('STATE_CONFLICT', 'PRESCRIPTION_CANCELLED', 'Prescription has been cancelled'),
  '0002': refusal('STATE_CONFLICT', 'PRESCRIPTION_EXPIRED', 'Prescription has expired'),
  '0003': spineRefusal('NOT_FOUND', 'RESOURCE_NOT_FOUND', 'Resource not found'),
  '0004': refusal('STATE_CONFLICT', 'PRESCRIPTION_WITH_ANOTHER_DISPENSER', 'Prescription is with another dispenser'),
  '0005': refusal('STATE_CONFLICT', 'PRESCRIPTION_DISPENSED', 'Prescription has been dispensed'),
  '5888': refusal('VALUE_INVALID', 'INVALID_MESSAGE', 'Invalid message'),
} as const satisfies Record<string, Refusal>;
export type DispenseCode = keyof typeof DISPENSE_REFUSALS;

/** Code systems of the lists, for HL7v3. */
export const CODE_SYSTEM = {
  prescribe: '2.16.840.1.113883.2.1.3.2.4.17.22',
  dispense: '2.16.840.1.113883.2.1.3.2.4.16.34',
} as const;

/** A refusal of the rules: which list, which code, and what of the message it concerns (never a value of a patient). */
export type Refused = (
  | { readonly list: 'prescribe'; readonly code: PrescribeCode }
  | { readonly list: 'dispense'; readonly code: DispenseCode }
) & {
  readonly kind: 'refused';
  readonly detail?: string;
  /** Where the hub's table is more exact than the list. */
  readonly hub?: ErrorCode;
};

export const refusePrescribing = (code: PrescribeCode, detail?: string, hub?: ErrorCode): Refused => ({
  kind: 'refused',
  list: 'prescribe',
  code,
  ...(detail !== undefined && { detail }),
  ...(hub && { hub }),
});

export const refuseDispensing = (code: DispenseCode, detail?: string): Refused => ({
  kind: 'refused',
  list: 'dispense',
  code,
  ...(detail !== undefined && { detail }),
});

const entryOf = (refused: Refused): Refusal =>
  refused.list === 'prescribe' ? PRESCRIBE_REFUSALS[refused.code] : DISPENSE_REFUSALS[refused.code];

/** The list's entry, with the detail in its text. */
export function refusalOf(refused: Refused): Refusal {
  const entry = entryOf(refused);
  return {
    ...entry,
    hub: refused.hub ?? entry.hub,
    text: refused.detail === undefined ? entry.text : `${entry.text}: ${refused.detail}`,
  };
}

/**
 * The owner answers 403 where access is denied and 400 for every other refusal, whatever its kind; nothing of these
 * lists is of the first kind.
 */
const REFUSED_STATUS = 400;

/** The refusal, with the FHIR coding and the status that the owner gives it. */
export function refusedAnswer(refused: Refused): Answer & { readonly kind: 'refused' } {
  const { hub, name, namedBy, text } = refusalOf(refused);
  const display = entryOf(refused).text;
  return {
    kind: 'refused',
    code: hub,
    serviceCode: refused.code,
    text,
    coding: { system: namedBy === 'eps' ? SYSTEM.issue : SYSTEM.spineIssue, code: name, display },
    status: REFUSED_STATUS,
  };
}
