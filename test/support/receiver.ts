/** A receiving system for tests: it takes what is pushed to it, or is taught to refuse, hang, cut, or be away. */
import type { IncomingHttpHeaders } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Identity } from '../../examples/connected-system.ts';

/** What the receiver does with the next message. A number is the status that it answers. */
export type Manner = 'take' | 'hang' | 'cut' | number;

export interface Arrival {
  /** The delivery's id, the same on every attempt: eb:MessageId, or X-Request-ID. */
  readonly id: string;
  /** The message that caused it: eb:RefToMessageId; '' without one. */
  readonly refTo: string;
  /** eb:Action; '' for a message that is not ebXML. */
  readonly action: string;
  readonly headers: IncomingHttpHeaders;
  /** All that came, and the payload alone. */
  readonly body: string;
  readonly payload: string;
  readonly at: number;
  /** True when it was answered with success. */
  readonly taken: boolean;
}

export interface TestReceiver {
  readonly url: string;
  /** Every attempt that came in whole, in order. */
  readonly arrivals: readonly Arrival[];
  /** Those answered with success. */
  readonly taken: readonly Arrival[];
  manner: Manner;
  /** Asked for each message; `manner` where there is none, or it says nothing. */
  decide: ((message: Omit<Arrival, 'taken'>) => Manner | undefined) | undefined;
  /** While it is pending no answer is given. */
  hold: Promise<void> | undefined;
  /** Messages that came in whole and have no answer yet. */
  readonly inHand: number;
  /** Stops listening and cuts every connection. */
  away(): Promise<void>;
  /** Listens again at the same address. */
  back(): Promise<void>;
  close(): Promise<void>;
}

export async function openReceiver(identity: Identity): Promise<TestReceiver> {
  const arrivals: Arrival[] = [];
  let server = serverFor();
  let open = false;
  let port = 0;
  let inHand = 0;

  function serverFor(): Server {
    return createServer(
      {
        cert: identity.certificatePem,
        key: identity.keyPem,
        ca: identity.authorityPem,
        requestCert: true,
        rejectUnauthorized: true,
        keepAliveTimeout: 60_000,
      },
      (asked, answering) => {
        const chunks: Buffer[] = [];
        asked.on('data', (chunk: Buffer) => chunks.push(chunk));
        asked.on('error', () => undefined);
        asked.on('end', async () => {
          inHand++;
          await receiver.hold;
          inHand--;
          const message = readArrival(asked.headers, Buffer.concat(chunks).toString('utf8'));
          const manner = receiver.decide?.(message) ?? receiver.manner;
          const status = manner === 'take' ? 200 : typeof manner === 'number' ? manner : 0;
          arrivals.push({ ...message, taken: status >= 200 && status < 300 });
          if (manner === 'hang') return;
          if (manner === 'cut') {
            // a promise of more than comes: the connection closes in the middle of the answer
            answering.writeHead(200, { 'content-length': 100 });
            answering.write('<begun');
            setImmediate(() => asked.socket.destroy());
            return;
          }
          answering.writeHead(status, { 'content-length': 0 });
          answering.end();
        });
      },
    );
  }

  async function listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    port = (server.address() as AddressInfo).port;
    open = true;
  }

  async function shut(): Promise<void> {
    if (!open) return;
    open = false;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  const receiver: TestReceiver = {
    get url() {
      return `https://127.0.0.1:${port}/receive`;
    },
    arrivals,
    get taken() {
      return arrivals.filter(({ taken }) => taken);
    },
    manner: 'take',
    decide: undefined,
    hold: undefined,
    get inHand() {
      return inHand;
    },
    away: shut,
    async back() {
      if (open) return;
      server = serverFor();
      await listen();
    },
    close: shut,
  };
  await listen();
  return receiver;
}

const element = (name: string, text: string): string =>
  new RegExp(`<(?:\\w+:)?${name}>([^<]*)</`).exec(text)?.[1] ?? '';

function readArrival(headers: IncomingHttpHeaders, body: string): Omit<Arrival, 'taken'> {
  const multipart = /^multipart\//i.test(headers['content-type'] ?? '');
  const requestId = headers['x-request-id'];
  // header part, payload part and the end, each after its boundary
  const payload = multipart ? (body.split(/\r\n\r\n/).at(-1) ?? '').replace(/\r\n--[^\r\n]*--\r\n$/, '') : body;
  return {
    id: multipart ? element('MessageId', body) : typeof requestId === 'string' ? requestId : '',
    refTo: multipart ? element('RefToMessageId', body) : '',
    action: multipart ? element('Action', body) : '',
    headers,
    body,
    payload,
    at: Date.now(),
  };
}
