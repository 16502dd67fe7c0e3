/** The service's own list of errors, eRS-APIErrorCode-1: the codes that are said here, and how a refusal carries them. */
import type { Answer } from '../../core/decision.ts';
import { codeSystem } from './systems.ts';

/**
 * Each code with the words published for it, where the owner's examples show any. Source: e-RS specification, responses 403
 * and 422 of the endpoints; the owner's sandbox.
 */
export const API_ERRORS = {
  DUPLICATE_SERVICE: undefined,
  FIELD_NOT_PERMITTED: undefined,
  FORBIDDEN: 'Forbidden',
  INAPPROPRIATE_SLOT: undefined,
  INAPPROPRIATE_VALUE: 'Inappropriate value',
  INVALID_CODE: undefined,
  INVALID_REQUEST_STATE: undefined,
  INVALID_VALUE: 'Invalid value',
  MISSING_VALUE: 'A mandatory input field is missing',
  NO_RELATIONSHIP: undefined,
  REFERENCE_NOT_FOUND: undefined,
  SERVICE_UNAVAILABLE: undefined,
  SHORTLISTED_SERVICE_NOT_IN_RESULTS: undefined,
  SLOTS_CURRENTLY_AVAILABLE: undefined,
  SLOT_NOT_AVAILABLE: undefined,
  THIS_SLOT_IS_AVAILABLE: undefined,
  TOO_MANY_ITEMS: undefined,
  UNEXPECTED_FIELD: 'Unexpected field',
  VALUE_IS_REQUIRED: undefined,
} as const satisfies Record<string, string | undefined>;
export type ApiError = keyof typeof API_ERRORS;

/** What the service answers to a message that it understood and cannot take. */
export const UNPROCESSABLE = 422;

/** The code twice: for every door, and as the coding of the service's own outcome. */
export function coded(code: ApiError): Pick<Extract<Answer, { kind: 'refused' }>, 'serviceCode' | 'coding'> {
  const display = API_ERRORS[code];
  return {
    serviceCode: code,
    coding: { system: codeSystem('eRS-APIErrorCode-1'), code, ...(display !== undefined && { display }) },
  };
}
