/** The operations port: does the process live, may it be sent messages, and how is it doing. Plain HTTP, on loopback. */
import { createServer, type Server } from 'node:http';
import express, { type Response } from 'express';
import type { Registry } from 'prom-client';
import { deadline } from '../../core/deadline.ts';

/** One part that the hub cannot do without. */
export interface PartHealth {
  readonly ready: boolean;
  /** Why not, for the operator. */
  readonly reason?: string;
}

/** Each part's look at itself; one that throws, or takes longer than `readyWithin_ms`, is not ready. */
export type Looks = Readonly<Record<string, () => PartHealth | Promise<PartHealth>>>;

export interface OperationsParts {
  readonly registry: Pick<Registry, 'metrics' | 'contentType'>;
  /** False once the process should be started again; true while the event loop turns. */
  live?(): boolean;
  readonly looks: Looks;
  readonly readyWithin_ms?: number;
}

/** The looks at the parts that every hub has; hand them to `createOperationsServer`. */
export function looksOf(parts: {
  readonly store: { healthy(): Promise<boolean> };
  readonly broker: { healthy(): boolean };
  readonly gate: { readonly closedBecause: string | undefined };
  readonly revocation: { health(): { readonly healthy: boolean; readonly problem?: string } };
  readonly sharedMemory: { healthy(): Promise<boolean> };
}): Looks {
  const plain = (ready: boolean, reason: string): PartHealth => (ready ? { ready } : { ready, reason });
  return {
    store: async () => plain(await parts.store.healthy(), 'does not answer or cannot write'),
    broker: () => plain(parts.broker.healthy(), 'is not connected'),
    gate: () => plain(parts.gate.closedBecause === undefined, `is closed: ${parts.gate.closedBecause}`),
    revocation: () => {
      const { healthy, problem } = parts.revocation.health();
      return plain(healthy, problem ?? 'is not well');
    },
    sharedMemory: async () => plain(await parts.sharedMemory.healthy(), 'does not answer'),
  };
}

/** Makes the server; the caller listens on it, and closes it. */
export function createOperationsServer(parts: OperationsParts): Server {
  const { registry, live = () => true, looks, readyWithin_ms = 2_000 } = parts;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');

  app.get('/health', (_request, response) => {
    const alive = live();
    answer(response, alive ? 200 : 503, { live: alive, uptime_s: Math.floor(process.uptime()) });
  });
  app.get('/ready', async (_request, response) => {
    const named = await Promise.all(
      Object.entries(looks).map(async ([name, look]) => [name, await looked(look, readyWithin_ms)] as const),
    );
    const ready = named.every(([, part]) => part.ready);
    answer(response, ready ? 200 : 503, { ready, parts: Object.fromEntries(named) });
  });
  app.get('/metrics', async (_request, response) => {
    response
      .type(registry.contentType)
      .set('cache-control', 'no-store')
      .send(await registry.metrics());
  });
  app.use((_request, response) => answer(response, 404, { paths: ['/health', '/ready', '/metrics'] }));

  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000, maxHeaderSize: 8_192 }, app);
  server.maxConnections = 64;
  return server;
}

async function looked(look: Looks[string], within_ms: number): Promise<PartHealth> {
  try {
    return await deadline(Promise.resolve().then(look), within_ms, 'a look at a part');
  } catch {
    return { ready: false, reason: 'cannot be looked at' };
  }
}

function answer(response: Response, status: number, body: object): void {
  response.status(status).set('cache-control', 'no-store').json(body);
}
