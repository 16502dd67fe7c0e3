/** An error as the administration says it in JSON, and back into a HubError at the other end. */
import { asHubError, type ErrorDetails, type Fault, HubError, isErrorCode } from '../../core/errors.ts';

export interface JsonError {
  readonly error: {
    readonly code: string;
    readonly text: string;
    /** Whether the same request may succeed later. */
    readonly retry: boolean;
    readonly faults?: readonly Fault[];
    readonly retryAfter_s?: number;
    readonly what?: string;
  };
}

export function jsonError(error: HubError): JsonError {
  const { code, details, entry } = error;
  const what = details['what'];
  return {
    error: {
      code,
      text: entry.text,
      retry: entry.retry,
      ...(details.faults && { faults: details.faults.slice(0, 50) }),
      ...(details.retryAfter_s !== undefined && { retryAfter_s: Math.ceil(details.retryAfter_s) }),
      ...(typeof what === 'string' && code !== 'INTERNAL' && { what }),
    },
  };
}

/** What express and its body parsers throw has a `type` or a `status` of its own. */
export function errorOf(thrown: unknown): HubError {
  if (thrown instanceof HubError) return thrown;
  const type: unknown = thrown instanceof Error ? Reflect.get(thrown, 'type') : undefined;
  const status: unknown = thrown instanceof Error ? Reflect.get(thrown, 'status') : undefined;
  switch (type) {
    case 'entity.too.large':
      return new HubError('BODY_TOO_LARGE');
    case 'entity.parse.failed':
      return new HubError('JSON_ILL_FORMED');
    case 'encoding.unsupported':
      return new HubError('CONTENT_ENCODING_UNSUPPORTED');
    case 'charset.unsupported':
      return new HubError('CONTENT_TYPE_UNSUPPORTED');
    case 'request.aborted':
    case 'request.size.invalid':
      return new HubError('BODY_INCOMPLETE');
    default:
      // a path that cannot be decoded
      return status === 400 ? new HubError('PARAMETER_INVALID') : asHubError(thrown);
  }
}

/** The error that a hub answered; INTERNAL where the answer is none of ours. */
export function errorFromJson(value: unknown): HubError {
  const error = (value as Partial<JsonError> | null)?.error;
  const code = error?.code;
  if (code === undefined || !isErrorCode(code)) return new HubError('INTERNAL', { what: 'an answer of another form' });
  const details: ErrorDetails = {
    ...(error?.faults && { faults: error.faults }),
    ...(error?.retryAfter_s !== undefined && { retryAfter_s: error.retryAfter_s }),
    ...(error?.what !== undefined && { what: error.what }),
  };
  return new HubError(code, details);
}
