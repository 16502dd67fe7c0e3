/** Says what happened to a FHIR request as an OperationOutcome. */
import type { Answer } from '../../core/decision.ts';
import { ERRORS, type ErrorCode, type Fault, type HubError, isErrorCode } from '../../core/errors.ts';
import { retryHeaders } from '../exchange.ts';

/** The code system of the hub's own table (core/errors.ts), and that of the codes of a service. */
export const ERROR_SYSTEM = 'urn:vertebra:error-code';
export const SERVICE_ERROR_SYSTEM = 'urn:vertebra:service-error-code';

type Refused = Extract<Answer, { kind: 'refused' }>;
type Coding = NonNullable<Refused['coding']>;
/** How a service says it itself: its coding comes first, its status stands for the table's. */
type OwnWords = Pick<Refused, 'coding' | 'status'>;

/** The profile of the outcomes of a service that publishes one, by the system of its codes. */
const PROFILES: ReadonlyMap<string, string> = new Map([
  [
    'https://fhir.nhs.uk/STU3/CodeSystem/eRS-APIErrorCode-1',
    'https://fhir.nhs.uk/STU3/StructureDefinition/eRS-OperationOutcome-1',
  ],
]);

export interface OutcomeIssue {
  readonly severity: 'error' | 'information';
  readonly code: string;
  readonly details: { readonly coding: readonly Coding[]; readonly text: string };
  readonly diagnostics?: string;
  readonly expression?: readonly string[];
}

export interface OperationOutcome {
  readonly resourceType: 'OperationOutcome';
  readonly meta?: { readonly profile: readonly [string] };
  readonly issue: readonly [OutcomeIssue, ...OutcomeIssue[]];
}

/** An answer ready for the wire. */
export interface FhirAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export const FHIR_JSON = 'application/fhir+json; charset=utf-8';
const ISSUES_AT_MOST = 20;

/** The outcome of an error: one issue for each fault, at most twenty, each with the hub's code and where it lies. */
export function outcomeOfError(error: HubError): OperationOutcome {
  const { faults = [], serviceCode } = error.details;
  const { coding } = ownWords(error);
  const [first = { what: '' }, ...rest] = faults;
  const issue = (fault: Fault): OutcomeIssue =>
    issueOf({ code: error.code, text: error.entry.text, fault, serviceCode, coding });
  return outcome([issue(first), ...rest.slice(0, ISSUES_AT_MOST - 1).map(issue)], coding);
}

/**
 * The error with its status; Retry-After for what may succeed later, Allow where the error's details carry it. Details
 * may carry a service's own `coding` and `status` as well, as the answer of a refused decision may.
 */
export function answerOfError(error: HubError): FhirAnswer {
  const allow = error.details['allow'];
  return {
    status: ownWords(error).status ?? error.entry.status,
    headers: {
      'content-type': FHIR_JSON,
      ...retryHeaders(error),
      ...(Array.isArray(allow) && { allow: allow.join(', ') }),
    },
    body: JSON.stringify(outcomeOfError(error)),
  };
}

function ownWords({ details }: HubError): OwnWords {
  const { coding, status } = details as { readonly coding?: unknown; readonly status?: unknown };
  return {
    ...(isCoding(coding) && { coding }),
    ...(typeof status === 'number' && { status }),
  };
}

const isCoding = (value: unknown): value is Coding =>
  typeof value === 'object' &&
  value !== null &&
  'system' in value &&
  typeof value.system === 'string' &&
  'code' in value &&
  typeof value.code === 'string';

/** What the sender is told of a decision: an accepted one is an informational outcome with status 200. */
export function answerOf(answer: Answer): FhirAnswer {
  switch (answer.kind) {
    case 'accepted':
      return {
        status: 200,
        headers: { 'content-type': FHIR_JSON },
        body: JSON.stringify(outcomeOfAccepted(answer.text)),
      };
    case 'document':
      return {
        status: answer.status,
        headers: { ...answer.headers, 'content-type': answer.contentType },
        body: answer.body,
      };
    case 'refused':
      return refused(answer);
    default:
      return answer satisfies never;
  }
}

function outcomeOfAccepted(text: string): OperationOutcome {
  const coding = [{ system: ERROR_SYSTEM, code: 'ACCEPTED' }];
  return {
    resourceType: 'OperationOutcome',
    issue: [{ severity: 'information', code: 'informational', details: { coding, text } }],
  };
}

function refused(answer: Refused): FhirAnswer {
  // A decision kept by an earlier version may carry a code that the table has lost: it stays a refusal by rule.
  const code: ErrorCode = isErrorCode(answer.code) ? answer.code : 'RULE_REFUSED';
  const { text, serviceCode, coding, status = ERRORS[code].status } = answer;
  const body = outcome([issueOf({ code, text, fault: { what: '' }, serviceCode, coding })], coding);
  return { status, headers: { 'content-type': FHIR_JSON }, body: JSON.stringify(body) };
}

function outcome(issue: OperationOutcome['issue'], coding: Coding | undefined): OperationOutcome {
  const profile = coding && PROFILES.get(coding.system);
  return { resourceType: 'OperationOutcome', ...(profile !== undefined && { meta: { profile: [profile] } }), issue };
}

interface IssueParts {
  readonly code: ErrorCode;
  readonly text: string;
  readonly fault: Fault;
  readonly serviceCode: string | undefined;
  readonly coding: Coding | undefined;
}

function issueOf({ code, text, fault, serviceCode, coding }: IssueParts): OutcomeIssue {
  const line = fault.line === undefined ? '' : `line ${fault.line}`;
  const diagnostics = [line, fault.what].filter((part) => part !== '').join(': ');
  return {
    severity: 'error',
    code: ERRORS[code].fhir,
    details: {
      coding: [
        ...(coding ? [coding] : []),
        { system: ERROR_SYSTEM, code },
        ...(serviceCode === undefined ? [] : [{ system: SERVICE_ERROR_SYSTEM, code: serviceCode }]),
      ],
      text,
    },
    ...(diagnostics !== '' && { diagnostics }),
    ...(fault.path !== undefined && fault.path !== '' && { expression: [fault.path] }),
  };
}
