/** A trace follows a message from its acceptance to its last delivery, below the sender's own span. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import { startTraces } from '../../../routes/operations/traces.ts';

const GUID = '6A0E6A2C-7B5D-4C3E-9F10-2B3C4D5E6F70';
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const NOW = Date.parse('2026-03-02T09:00:01Z');
const clock = { now: () => NOW, timer: () => () => undefined };

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly parentSpanId?: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
}

describe('the traces', () => {
  let collector: Server;
  let url: string;
  let spans: Span[];
  beforeEach(async () => {
    spans = [];
    collector = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const body = Buffer.concat(parts);
        const text = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
        const { resourceSpans } = JSON.parse(text.toString());
        for (const { scopeSpans } of resourceSpans) for (const scope of scopeSpans) spans.push(...scope.spans);
        response.end('{}');
      });
    });
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(collector.address() as AddressInfo).port}/v1/traces`;
  });
  afterEach(() => {
    collector.closeAllConnections();
    collector.close();
  });

  it('are nothing at all where no exporter is configured', async () => {
    expect(await startTraces({ url: undefined, version: '1', clock })).to.equal(undefined);
  });

  it('show each step with its length, below the span of whoever sent the message', async () => {
    const tracer = await startTraces({ url, version: '1', clock });
    const traceparent = `00-${TRACE}-00f067aa0ba902b7-01`;
    tracer?.stage('accepted', { messageId: GUID, took_ms: 2, traceparent });
    tracer?.stage('decided', { messageId: GUID, took_ms: 40, traceparent });
    tracer?.stage('delivered', { messageId: GUID, took_ms: 900, attempts: 2, traceparent });
    await tracer?.stop();
    expect(spans.map(({ name }) => name)).to.deep.equal(['accept', 'decide', 'deliver']);
    for (const span of spans) expect(span).to.include({ traceId: TRACE, parentSpanId: '00f067aa0ba902b7' });
    expect(
      spans.map((span) => Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1e6),
    ).to.deep.equal([2, 40, 900]);
  });

  it('hold together under the message’s own id where its sender traces nothing', async () => {
    const tracer = await startTraces({ url, version: '1', clock });
    tracer?.stage('accepted', { messageId: GUID });
    tracer?.stage('delivered', { messageId: GUID, took_ms: 5 });
    await tracer?.stop();
    expect(new Set(spans.map(({ traceId }) => traceId))).to.deep.equal(
      new Set([GUID.replaceAll('-', '').toLowerCase()]),
    );
  });

  it('leave out what the sender chose not to sample', async () => {
    const tracer = await startTraces({ url, version: '1', clock });
    tracer?.stage('accepted', { messageId: GUID, traceparent: `00-${TRACE}-00f067aa0ba902b7-00` });
    await tracer?.stop();
    expect(spans).to.deep.equal([]);
  });

  it('tell the operator when nobody takes them, and hold nothing up', async () => {
    collector.closeAllConnections();
    collector.close();
    const troubles: string[] = [];
    const tracer = await startTraces({ url, version: '1', clock, onTrouble: (what) => troubles.push(what) });
    tracer?.stage('accepted', { messageId: GUID });
    const begun = Date.now();
    await tracer?.stop();
    expect(Date.now() - begun).to.be.below(7_000);
    expect(troubles).to.have.length.greaterThan(0);
  }).timeout(15_000);
});
