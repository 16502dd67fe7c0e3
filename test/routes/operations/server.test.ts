/** The operations port says whether the process lives, whether it is ready and why not, and how it is doing. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { createOperationsServer, looksOf, type OperationsParts } from '../../../routes/operations/server.ts';

describe('the operations port', () => {
  let server: Server | undefined;
  const well = {
    store: { healthy: async () => true },
    broker: { healthy: () => true },
    gate: { closedBecause: undefined },
    revocation: { health: () => ({ healthy: true }) },
    sharedMemory: { healthy: async () => true },
  };
  async function get(path: string, parts: Partial<OperationsParts> = {}) {
    server = createOperationsServer({
      registry: { metrics: async () => 'up 1\n', contentType: 'text/plain; version=0.0.4' },
      looks: looksOf(well),
      ...parts,
    } as OperationsParts);
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}${path}`);
    const text = await response.text();
    return { status: response.status, headers: response.headers, text };
  }
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  it('says that the process lives, or that it should be started again', async () => {
    expect((await get('/health')).status).to.equal(200);
    server?.close();
    expect((await get('/health', { live: () => false })).status).to.equal(503);
  });

  it('is ready while every part is well', async () => {
    const { status, text } = await get('/ready');
    expect(status).to.equal(200);
    expect(JSON.parse(text)).to.deep.equal({
      ready: true,
      parts: {
        store: { ready: true },
        broker: { ready: true },
        gate: { ready: true },
        revocation: { ready: true },
        sharedMemory: { ready: true },
      },
    });
  });

  const SICK = [
    ['store', 'it cannot write', { store: { healthy: async () => false } }],
    ['store', 'it fails to say', { store: { healthy: () => Promise.reject(new Error('away')) } }],
    ['store', 'it does not answer', { store: { healthy: () => new Promise<boolean>(() => undefined) } }],
    ['broker', 'it is not connected', { broker: { healthy: () => false } }],
    ['gate', 'the disk is full', { gate: { closedBecause: 'disk' } }],
    [
      'revocation',
      'its list is old',
      { revocation: { health: () => ({ healthy: false, problem: 'the list is old' }) } },
    ],
    ['sharedMemory', 'it is away', { sharedMemory: { healthy: async () => false } }],
  ] as const;
  for (const [part, why, sick] of SICK)
    it(`is not ready, and blames the ${part} alone, while ${why}`, async () => {
      const { status, text } = await get('/ready', { looks: looksOf({ ...well, ...sick }), readyWithin_ms: 50 });
      expect(status).to.equal(503);
      const { parts } = JSON.parse(text) as { parts: Record<string, { ready: boolean; reason?: string }> };
      expect(Object.keys(parts).filter((name) => parts[name]?.ready === false)).to.deep.equal([part]);
      expect(parts[part]?.reason).to.be.a('string');
    });

  it('shows the metrics, and nothing else than its three paths', async () => {
    const { headers, text } = await get('/metrics');
    expect(text).to.equal('up 1\n');
    expect(headers.get('content-type')).to.contain('version=0.0.4');
    expect(headers.get('x-powered-by')).to.equal(null);
    server?.close();
    expect((await get('/')).status).to.equal(404);
  });
});
