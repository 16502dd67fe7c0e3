/** The receiving ends of a measurement: one door for each system, all in one process, which matches acknowledgements to orders. */
import { createServer as createFeedback, type Server as FeedbackServer, type Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { serverTlsOptions } from '../certs/tls-options.ts';
import type { Identity } from '../examples/connected-system.ts';
import { answering } from './child.ts';
import { monotonic_ms } from './clock.ts';
import { MESSAGE_MARK } from './orders.ts';

export interface Arrivals {
  readonly first: number;
  /** When the acknowledgement of each order arrived for the first time, on the common clock; 0 where it never did. */
  readonly arrived_ms: Float64Array;
  /** How often it arrived. */
  readonly times: Uint8Array;
}

export interface ReceiverCounts {
  /** Orders acknowledged at least once. */
  readonly orders: number;
  /** Messages that are not the acceptance of an order: refusals, failure notices, anything that cannot be read. */
  readonly strange: number;
}

export type ReceiverQuestions = {
  /** Opens a door for each identity, and the socket that tells the generator; the ports in the same order. */
  open(input: { readonly identities: readonly Identity[]; readonly feedback: string }): Promise<number[]>;
  counts(input: null): ReceiverCounts;
  arrivals(input: { readonly first: number; readonly count: number }): Arrivals;
};

const FEEDBACK_EVERY_ms = 1;
const HEAD_END = Buffer.from('\r\n\r\n');
const REFERENCE = Buffer.from('RefToMessageId>');
const ACCEPTED = Buffer.from('typeCode="AA"');
const ANSWER = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
const MOST_ORDERS = 50_000_000;

let arrived_ms = new Float64Array(1 << 18);
let times = new Uint8Array(1 << 18);
let orders = 0;
let strange = 0;
let told = false;
const listeners = new Set<Socket>();
const servers: (Server | FeedbackServer)[] = [];

function tell(): void {
  told = false;
  const count = Buffer.allocUnsafe(8);
  count.writeDoubleLE(orders);
  for (const listener of listeners) listener.write(count);
}

function take(body: Buffer): void {
  const at = body.indexOf(REFERENCE);
  const reference = at < 0 ? '' : body.toString('latin1', at + REFERENCE.length, at + REFERENCE.length + 36);
  const order = Number.parseInt(reference.slice(24), 16);
  const fits = reference.slice(8, 24) === MESSAGE_MARK && order >= 0 && order < MOST_ORDERS;
  if (!fits || body.indexOf(ACCEPTED, at) < 0) {
    strange++;
    return;
  }
  while (order >= times.length) grow();
  const before = times[order] ?? 0;
  times[order] = Math.min(before + 1, 255);
  if (before > 0) return;
  arrived_ms[order] = monotonic_ms();
  orders++;
  if (told) return;
  told = true;
  setTimeout(tell, FEEDBACK_EVERY_ms);
}

function grow(): void {
  const moments = new Float64Array(times.length * 2);
  moments.set(arrived_ms);
  arrived_ms = moments;
  const counts = new Uint8Array(times.length * 2);
  counts.set(times);
  times = counts;
}

/** As much HTTP as the hub's requests need: a head with a length, and that much body. */
function serve(socket: TLSSocket): void {
  let rest: Buffer | undefined;
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => {
    let bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
    for (;;) {
      const end = bytes.indexOf(HEAD_END);
      if (end < 0) break;
      const declared = /\r\ncontent-length: *(\d+)/i.exec(bytes.toString('latin1', 0, end));
      if (declared === null) {
        socket.destroy();
        return;
      }
      const last = end + HEAD_END.length + Number(declared[1]);
      if (bytes.length < last) break;
      take(bytes.subarray(end + HEAD_END.length, last));
      socket.write(ANSWER);
      bytes = bytes.subarray(last);
    }
    rest = bytes.length === 0 ? undefined : bytes;
  });
}

const questions: ReceiverQuestions = {
  async open({ identities, feedback }) {
    const listening = createFeedback((socket) => {
      listeners.add(socket);
      socket.on('error', () => socket.destroy());
      socket.once('close', () => listeners.delete(socket));
    });
    servers.push(listening);
    await new Promise<void>((resolve) => listening.listen(feedback, resolve));
    const ports: number[] = [];
    for (const { certificatePem, keyPem, authorityPem } of identities) {
      const server = createServer(serverTlsOptions({ cert: certificatePem, key: keyPem, ca: [authorityPem] }), serve);
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const address = server.address();
      ports.push(typeof address === 'object' && address !== null ? address.port : 0);
    }
    return ports;
  },
  counts: () => ({ orders, strange }),
  arrivals({ first, count }) {
    while (first + count > times.length) grow();
    return {
      first,
      arrived_ms: arrived_ms.slice(first, first + count),
      times: times.slice(first, first + count),
    };
  },
};

answering(questions, () => {
  for (const server of servers) server.close();
});
