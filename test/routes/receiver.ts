/** A receiver of pushed messages behind mutual TLS, and the hub's side of it: what the tests of the push transports share. */
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { openAuthority } from '../../certs/authority.ts';
import { type ClientTlsParts, serverTlsOptions } from '../../certs/tls-options.ts';
import { systemClock } from '../../core/clock.ts';
import { DEFAULT_CONTRACT } from '../../core/contract.ts';
import type { Delivery } from '../../core/delivery.ts';
import type { ConnectedSystem, Endpoint } from '../../core/directory.ts';

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly fingerprint: string;
}

export interface Receiver {
  readonly tls: ClientTlsParts;
  /** A hub whose receivers are vouched for by another authority. */
  readonly strangeTls: ClientTlsParts;
  readonly hubFingerprint: string;
  readonly port: number;
  readonly received: Received[];
  readonly connections: () => number;
  answer: (response: ServerResponse, received: Received) => void;
  endpoint(wire: Endpoint['wire'], more?: Partial<Endpoint>): Endpoint;
  close(): Promise<void>;
}

export async function openReceiver(): Promise<Receiver> {
  const folder = await mkdtemp(join(tmpdir(), 'vertebra-push-'));
  const authority = await openAuthority(join(folder, 'one'), { clock: systemClock });
  const stranger = await openAuthority(join(folder, 'two'), { clock: systemClock });
  const own = await authority.issueServer({ commonName: 'receiver', dnsNames: ['localhost'], key: 'ec-p256' });
  const hub = await authority.issueClient({ commonName: 'hub', key: { generate: 'ec-p256' } });
  const ca = [authority.certificatePem];
  const received: Received[] = [];
  let connections = 0;
  const server = createServer(
    serverTlsOptions({ key: own.keyPem, cert: own.certificatePem, ca }),
    (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('error', () => {});
      request.on('end', () => {
        const certificate = (request.socket as TLSSocket).getPeerX509Certificate();
        const fingerprint = certificate?.fingerprint256.replaceAll(':', '') ?? '';
        const one = { path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks), fingerprint };
        received.push(one);
        receiver.answer(response, one);
      });
    },
  );
  server.on('secureConnection', () => connections++);
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const receiver: Receiver = {
    tls: { key: hub.keyPem, cert: hub.certificatePem, ca },
    strangeTls: { key: hub.keyPem, cert: hub.certificatePem, ca: [stranger.certificatePem] },
    hubFingerprint: hub.fingerprint256,
    port,
    received,
    connections: () => connections,
    answer: (response) => response.writeHead(202).end(),
    endpoint: (wire, more = {}) => ({ url: `https://localhost:${port}/inbox`, wire, timeout_ms: 2_000, ...more }),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
      await rm(folder, { recursive: true, force: true });
    },
  };

  return receiver;
}

export const PHARMACY: ConnectedSystem = {
  systemId: '200000000002',
  partyKey: 'FA565-800002',
  ods: 'FA565',
  kind: 'pharmacy',
  name: 'Example pharmacy',
  status: 'active',
  sends: [],
  receives: ['urn:nhs:names:services:mm:PORX_IN050102UK32'],
  certificates: [],
};

export const directoryOf = (...systems: readonly ConnectedSystem[]) => ({
  system: (systemId: string) => systems.find((system) => system.systemId === systemId),
});

export const deliveryOf = (more: Partial<Delivery> = {}): Delivery => ({
  id: '5BB171D4-53B2-4986-90CF-428BE6D157F5',
  receiver: PHARMACY.systemId,
  mode: 'push',
  lane: null,
  interaction: 'urn:nhs:names:services:mm:PORX_IN050102UK32',
  contentType: 'application/xml; charset=UTF-8',
  body: '<PORX_IN050102UK32 xmlns="urn:hl7-org:v3"><note>£5 &amp; more</note></PORX_IN050102UK32>',
  conversationId: '0CDBA95F-74DA-47E9-8383-7B8E9167D146',
  contract: DEFAULT_CONTRACT,
  notice: false,
  cause: { sender: '100000000001', messageId: '79F49A34-9798-404C-AEC4-FD38DD81C138' },
  createdAt: Date.UTC(2026, 10, 23, 9, 30),
  attempts: 0,
  ...more,
});
