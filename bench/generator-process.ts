/** The sending systems of a measurement, in a process of their own: `startChild<GeneratorQuestions>('generator-process', ...)`. */
import { createConnection, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { clientTlsOptions } from '../certs/tls-options.ts';
import type { Identity } from '../examples/connected-system.ts';
import { answering } from './child.ts';
import { monotonic_ms } from './clock.ts';
import { Load, type Pattern, type Sent } from './load.ts';
import { type OrderParts, orderTemplate } from './orders.ts';

export interface Sender {
  readonly identity: Identity;
  readonly order: OrderParts;
  readonly connections: number;
}

export interface ConnectInput {
  readonly host: string;
  readonly port: number;
  readonly senders: readonly Sender[];
  /** Number of the first order. */
  readonly first: number;
  /** Socket on which the receiver tells how many orders have had their effect. */
  readonly feedback?: string;
  readonly handshakesAtOnce: number;
  readonly within_ms: number;
  /** Send one order on each connection as soon as it is open. */
  readonly oneEach: boolean;
}

export type GeneratorQuestions = {
  /** Opens the connections; how many are open, and the size of an order's body. */
  connect(input: ConnectInput): Promise<{ connections: number; body_bytes: number }>;
  start(pattern: Pattern): void;
  /** Stops, waits for the answers under way at most so long, and tells what became of the orders since the last stop. */
  stop(within_ms: number): Promise<Sent>;
  connections(input: null): number;
};

let load = new Load(0);
let feedback: Socket | undefined;

/** The receiver sends its count as eight bytes whenever it changes: only the last whole one matters. */
function listen(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(path);
    let rest = Buffer.alloc(0);
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
    socket.on('data', (chunk) => {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const whole = bytes.length - (bytes.length % 8);
      if (whole > 0) load.effected(bytes.readDoubleLE(whole - 8));
      rest = bytes.subarray(whole);
    });
  });
}

async function connect(input: ConnectInput): Promise<{ connections: number; body_bytes: number }> {
  load = new Load(input.first);
  if (input.feedback !== undefined) feedback = await listen(input.feedback);
  const end_ms = monotonic_ms() + input.within_ms;
  let body_bytes = 0;
  const open = input.senders.flatMap(({ identity, order, connections }) => {
    const tls = clientTlsOptions({
      cert: identity.certificatePem,
      key: identity.keyPem,
      ca: [identity.authorityPem],
      serverName: 'localhost',
    });
    const template = orderTemplate(order);
    body_bytes = template.body_bytes;
    const options = { ...tls, host: input.host, port: input.port };
    return Array.from({ length: connections }, () => async () => {
      await load.connect(options, template, Math.max(1, end_ms - monotonic_ms()));
      if (input.oneEach) load.sendOne();
    });
  });
  const one = async (): Promise<void> => {
    for (let next = open.shift(); next !== undefined; next = open.shift()) await next();
  };
  await Promise.all(Array.from({ length: input.handshakesAtOnce }, one));
  return { connections: load.connections, body_bytes };
}

const questions: GeneratorQuestions = {
  connect,
  start: (pattern) => load.start(pattern),
  async stop(within_ms) {
    load.stop();
    const end_ms = monotonic_ms() + within_ms;
    while (load.waiting > 0 && monotonic_ms() < end_ms) await sleep(5);
    return load.take();
  },
  connections: () => load.connections,
};

answering(questions, () => {
  load.close();
  feedback?.destroy();
});
