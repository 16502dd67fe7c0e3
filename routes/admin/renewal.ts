/** `POST /certificate/renew` at the message door: another certificate for whoever holds a good one. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Peer } from '../../certs/identify.ts';
import { HubError } from '../../core/errors.ts';
import type { SharedMemory } from '../../core/shared-memory.ts';
import type { Telemetry } from '../../core/telemetry.ts';
import { readBody } from '../body.ts';
import { retryHeaders } from '../exchange.ts';
import type { Enrolment } from './enrolment.ts';
import { errorOf, jsonError } from './json-error.ts';

export const RENEWAL_PATH = '/certificate/renew';

export interface RenewalParts {
  readonly enrolment: Enrolment;
  readonly attempts: Pick<SharedMemory, 'take'>;
  readonly telemetry: Telemetry;
}

const MOST_CSR_bytes = 16_384;
/** Five at once, then one a minute for each certificate. */
const ATTEMPTS = { perSecond: 1 / 60, burst: 5 };

/** The body is the certificate request, PKCS#10 in PEM; the answer the certificate and its authority in PEM. */
export function createRenewal({ enrolment, attempts, telemetry }: RenewalParts) {
  async function renew(request: IncomingMessage, peer: Peer): Promise<string> {
    if (request.method !== 'POST') throw new HubError('METHOD_UNSUPPORTED');
    const wait_ms = await attempts.take(`renew ${peer.fingerprint256}`, ATTEMPTS);
    if (wait_ms > 0) throw new HubError('RATE_LIMITED', { retryAfter_s: wait_ms / 1_000 });
    const csr = (await readBody(request, MOST_CSR_bytes)).toString('latin1');
    return enrolment.renew({ fingerprint256: peer.fingerprint256, csr });
  }

  /** Handles a request whose path is RENEWAL_PATH; the peer is who it is for. */
  return (request: IncomingMessage, response: ServerResponse, peer: Peer): void => {
    renew(request, peer).then(
      (chain) => answer(request, response, 201, { 'content-type': 'application/pem-certificate-chain' }, chain),
      (thrown: unknown) => {
        const error = errorOf(thrown);
        if (error.code === 'INTERNAL') telemetry.trouble('a renewal that the hub failed on', thrown);
        telemetry.stage('refused', { code: error.code });
        const headers = { 'content-type': 'application/json', ...retryHeaders(error) };
        answer(request, response, error.entry.status, headers, JSON.stringify(jsonError(error)));
      },
    );
  };
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
): void {
  if (response.destroyed) return;
  const close = request.complete ? {} : { connection: 'close' };
  response.writeHead(status, {
    ...headers,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...close,
  });
  response.end(body);
  if (!request.complete) request.resume();
}
