/** Pushes a delivery's body as it is, JSON or bare XML, with its identifiers in the headers. */
import type { PushResult } from '../../core/transport.ts';
import { headerSafe, type PostAnswer, type Poster, type WirePush } from '../poster.ts';
import { resultOfStatus } from '../status.ts';

/**
 * X-Request-ID is the delivery's id, the same on every attempt; X-Correlation-ID its conversation.
 * 2xx is acknowledged, and so is 409 with the issue `duplicate`: an earlier attempt arrived. 408, 425, 429, 5xx and
 * no answer are tried again; the rest is refused. Never rejects.
 */
export function createFhirPush({ poster }: { readonly poster: Poster }): WirePush {
  return async (delivery, endpoint) => {
    const correlation = headerSafe(delivery.conversationId);
    const traceparent = headerSafe(delivery.traceparent);
    const result = await poster.post({
      url: endpoint.url,
      headers: {
        'content-type': delivery.contentType.replace(/[\r\n]+/g, ' '),
        'x-request-id': delivery.id,
        ...(correlation !== undefined && { 'x-correlation-id': correlation }),
        ...(traceparent !== undefined && { traceparent }),
      },
      body: delivery.body,
      timeout_ms: endpoint.timeout_ms,
    });
    return result.kind === 'failed' ? { kind: 'retry', reason: result.reason } : resultOfAnswer(result);
  };
}

function resultOfAnswer(answer: PostAnswer): PushResult {
  return answer.status === 409 && saysDuplicate(answer) ? { kind: 'acknowledged' } : resultOfStatus(answer.status);
}

function saysDuplicate({ contentType, body }: PostAnswer): boolean {
  if (!/json/i.test(contentType)) return false;
  try {
    const outcome: { resourceType?: unknown; issue?: unknown } | null = JSON.parse(body.toString('utf8'));
    if (outcome?.resourceType !== 'OperationOutcome' || !Array.isArray(outcome.issue)) return false;
    return outcome.issue.some((issue: { code?: unknown } | null) => issue?.code === 'duplicate');
  } catch {
    return false;
  }
}
