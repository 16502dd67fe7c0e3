/** The one table of errors: who is to blame, whether to try again, and how each protocol says it. */

export type Blame = 'sender' | 'hub' | 'receiver';

export interface ErrorEntry {
  readonly blame: Blame;
  /** Whether the same message, sent again later, may succeed. */
  readonly retry: boolean;
  readonly status: number;
  /** FHIR OperationOutcome.issue.code */
  readonly fhir: string;
  /** ebXML eb:Error errorCode (ebMS 2.0, 4.2.3.4) */
  readonly ebxml: string;
  /** One sentence for the sender; says how to mend it and never repeats what was sent. */
  readonly text: string;
}

const entry = (
  blame: Blame,
  retry: boolean,
  status: number,
  fhir: string,
  ebxml: string,
  text: string,
): ErrorEntry => ({ blame, retry, status, fhir, ebxml, text });

export const ERRORS = {
  // who speaks
  CERTIFICATE_UNKNOWN: entry(
    'sender',
    false,
    403,
    'forbidden',
    'SecurityFailure',
    'The certificate is not registered to a connected system.',
  ),
  CERTIFICATE_REVOKED: entry('sender', false, 403, 'forbidden', 'SecurityFailure', 'The certificate has been revoked.'),
  SYSTEM_SUSPENDED: entry('sender', false, 403, 'forbidden', 'SecurityFailure', 'The connected system is not active.'),
  PARTY_MISMATCH: entry(
    'sender',
    false,
    403,
    'forbidden',
    'SecurityFailure',
    'The message names another sender than the certificate proves.',
  ),
  INTERACTION_NOT_PERMITTED: entry(
    'sender',
    false,
    403,
    'forbidden',
    'SecurityFailure',
    'This system may not send this interaction.',
  ),
  PERSON_REQUIRED: entry(
    'sender',
    false,
    401,
    'login',
    'SecurityFailure',
    'A signed token of the person who acts is required.',
  ),
  TOKEN_INVALID: entry(
    'sender',
    false,
    401,
    'login',
    'SecurityFailure',
    'The token is not valid: check its issuer, audience, times, signature and certificate binding.',
  ),
  ROLE_NOT_PERMITTED: entry(
    'sender',
    false,
    403,
    'forbidden',
    'SecurityFailure',
    'The role chosen for this call does not permit this action.',
  ),
  ENROLMENT_REFUSED: entry(
    'sender',
    false,
    403,
    'forbidden',
    'SecurityFailure',
    'The enrolment token is not valid: it may be used once, before it expires.',
  ),
  CSR_INVALID: entry(
    'sender',
    false,
    400,
    'invalid',
    'SecurityFailure',
    'The certificate request is not acceptable: send PKCS#10 with an EC P-256/P-384 or RSA key of 2048 bits or more.',
  ),

  // what is said
  BODY_TOO_LARGE: entry('sender', false, 413, 'too-long', 'MimeProblem', 'The message is larger than the hub takes.'),
  BODY_MISSING: entry('sender', false, 400, 'required', 'MimeProblem', 'The message has no body.'),
  BODY_INCOMPLETE: entry('sender', true, 408, 'timeout', 'MimeProblem', 'The message did not arrive whole in time.'),
  CONTENT_TYPE_UNSUPPORTED: entry(
    'sender',
    false,
    415,
    'not-supported',
    'MimeProblem',
    'This path does not take that content type.',
  ),
  CONTENT_ENCODING_UNSUPPORTED: entry(
    'sender',
    false,
    415,
    'not-supported',
    'MimeProblem',
    'The body may be sent plain or with gzip.',
  ),
  MULTIPART_BROKEN: entry(
    'sender',
    false,
    400,
    'structure',
    'MimeProblem',
    'The multipart body cannot be taken apart: check boundary, part headers and transfer encodings.',
  ),
  XML_ILL_FORMED: entry('sender', false, 400, 'structure', 'Inconsistent', 'The XML is not well formed.'),
  XML_DOCTYPE: entry(
    'sender',
    false,
    400,
    'structure',
    'Inconsistent',
    'A document type declaration is never accepted.',
  ),
  XML_INVALID: entry('sender', false, 400, 'structure', 'Inconsistent', 'The XML does not keep to its schema.'),
  JSON_ILL_FORMED: entry('sender', false, 400, 'structure', 'Inconsistent', 'The JSON is not well formed.'),
  JSON_INVALID: entry('sender', false, 400, 'structure', 'Inconsistent', 'The JSON does not keep to its schema.'),
  DOCUMENT_LIMIT: entry(
    'sender',
    false,
    400,
    'too-costly',
    'Inconsistent',
    'The document passes a limit on depth, elements, attributes or text.',
  ),
  EBXML_INVALID: entry(
    'sender',
    false,
    400,
    'structure',
    'Inconsistent',
    'The ebXML header is not complete or contradicts itself.',
  ),
  CONTRACT_MISMATCH: entry(
    'sender',
    false,
    400,
    'invalid',
    'Inconsistent',
    'The header contradicts the contract of the interaction.',
  ),
  PARTY_UNKNOWN: entry('sender', false, 400, 'invalid', 'ValueNotRecognized', 'The receiving party is not known.'),
  INTERACTION_UNKNOWN: entry(
    'sender',
    false,
    404,
    'not-supported',
    'ValueNotRecognized',
    'The hub carries no such interaction.',
  ),
  METHOD_UNSUPPORTED: entry(
    'sender',
    false,
    405,
    'not-supported',
    'NotSupported',
    'This path does not take that method.',
  ),
  HEADER_INVALID: entry(
    'sender',
    false,
    400,
    'invalid',
    'Inconsistent',
    'A header is missing, repeated or not of its form.',
  ),
  PARAMETER_INVALID: entry(
    'sender',
    false,
    400,
    'invalid',
    'Inconsistent',
    'A parameter is missing, repeated or not of its form.',
  ),
  VALUE_INVALID: entry('sender', false, 400, 'value', 'Inconsistent', 'A value is not acceptable.'),
  NHS_NUMBER_INVALID: entry(
    'sender',
    false,
    400,
    'value',
    'Inconsistent',
    'An NHS number is not ten digits with a right check digit.',
  ),
  PRESCRIPTION_ID_INVALID: entry(
    'sender',
    false,
    400,
    'value',
    'Inconsistent',
    'A prescription id is not of its form or its check character is wrong.',
  ),
  MESSAGE_ID_REUSED: entry(
    'sender',
    false,
    409,
    'duplicate',
    'DeliveryFailure',
    'This message id was used before for other content.',
  ),

  // what the rules refuse
  NOT_FOUND: entry(
    'sender',
    false,
    404,
    'not-found',
    'ValueNotRecognized',
    'There is no such record, or it is not yours to see.',
  ),
  STATE_CONFLICT: entry(
    'sender',
    false,
    409,
    'conflict',
    'Inconsistent',
    'The record is not in a state that allows this.',
  ),
  ALREADY_EXISTS: entry(
    'sender',
    false,
    409,
    'duplicate',
    'Inconsistent',
    'There is already a record with this identifier.',
  ),
  VERSION_REQUIRED: entry(
    'sender',
    false,
    412,
    'required',
    'Inconsistent',
    'Send If-Match with the version that you read.',
  ),
  VERSION_CONFLICT: entry(
    'sender',
    true,
    409,
    'conflict',
    'Inconsistent',
    'The record has changed since you read it: read it again.',
  ),
  PERMISSION_REQUIRED: entry(
    'sender',
    false,
    403,
    'forbidden',
    'SecurityFailure',
    'The patient has not given permission: record it, or give an override reason.',
  ),
  PATIENT_MISMATCH: entry(
    'sender',
    false,
    400,
    'business-rule',
    'Inconsistent',
    'The patient in the message is not the patient of the record.',
  ),
  RULE_REFUSED: entry(
    'sender',
    false,
    400,
    'business-rule',
    'Inconsistent',
    'A rule of the service refuses the message.',
  ),
  RULE_UNPROCESSABLE: entry(
    'sender',
    false,
    422,
    'business-rule',
    'Inconsistent',
    'A rule of the service refuses the message as it stands.',
  ),
  RECEIVER_UNKNOWN: entry(
    'sender',
    false,
    400,
    'invalid',
    'ValueNotRecognized',
    'No connected system receives this interaction for that organisation.',
  ),

  // what the hub cannot do now
  RATE_LIMITED: entry(
    'sender',
    true,
    429,
    'throttled',
    'DeliveryFailure',
    'Too many messages at once: wait as Retry-After says.',
  ),
  OVERLOADED: entry(
    'hub',
    true,
    503,
    'transient',
    'DeliveryFailure',
    'The hub holds as much as it can: wait as Retry-After says and send again.',
  ),
  STORE_UNAVAILABLE: entry(
    'hub',
    true,
    503,
    'transient',
    'DeliveryFailure',
    'The store is not available: nothing was kept, send again.',
  ),
  STOPPING: entry('hub', true, 503, 'transient', 'DeliveryFailure', 'The hub is stopping: send again.'),
  DEADLINE_PASSED: entry(
    'hub',
    true,
    504,
    'timeout',
    'DeliveryFailure',
    'The hub did not finish in time: send the same message again.',
  ),
  INTERNAL: entry(
    'hub',
    true,
    500,
    'exception',
    'Unknown',
    'The hub failed on this message: send it again, and tell the operator if it fails again.',
  ),

  // what a receiver did
  RECEIVER_UNREACHABLE: entry('receiver', true, 502, 'transient', 'DeliveryFailure', 'The receiver did not answer.'),
  RECEIVER_REFUSED: entry('receiver', false, 502, 'processing', 'DeliveryFailure', 'The receiver refused the message.'),
  DELIVERY_EXPIRED: entry(
    'receiver',
    false,
    504,
    'timeout',
    'TimeToLiveExpired',
    'The receiver did not take the message within the contract.',
  ),
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERRORS;

/** Where in a document a fault lies. */
export interface Fault {
  readonly path?: string;
  readonly line?: number;
  /** What is wrong in words of the schema; never the value itself. */
  readonly what: string;
}

export interface ErrorDetails {
  readonly faults?: readonly Fault[];
  /** The code in the service's own list. */
  readonly serviceCode?: string;
  readonly retryAfter_s?: number;
  readonly [name: string]: unknown;
}

/** The only error that the middle throws; the doors translate it, each into its protocol. */
export class HubError extends Error {
  override readonly name = 'HubError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, details: ErrorDetails = {}, options?: { cause?: unknown }) {
    super(`${code}: ${ERRORS[code].text}`, options);
    this.code = code;
    this.details = details;
  }

  get entry(): ErrorEntry {
    return ERRORS[this.code];
  }
}

/** Any throw as a HubError: an unknown one is INTERNAL with its cause kept for the log. */
export function asHubError(thrown: unknown): HubError {
  return thrown instanceof HubError ? thrown : new HubError('INTERNAL', {}, { cause: thrown });
}

export const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(ERRORS, code);
