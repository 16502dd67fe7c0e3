/** A command line over an office of its own: what it printed, and how it ended. */
import { writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { serverTlsOptions, type TlsMaterial } from '../../certs/tls-options.ts';
import { hubFile } from '../../cli/hub-access.ts';
import type { World } from '../../cli/world.ts';
import { main } from '../../cli.ts';
import { readConfig } from '../../config.ts';
import { systemClock } from '../../core/clock.ts';
import { HubError } from '../../core/errors.ts';
import { silentTelemetry } from '../../core/telemetry.ts';
import { type AdminServer, createAdminServer } from '../../routes/admin/api.ts';
import { openOperatorToken } from '../../routes/admin/operator-token.ts';
import { createSharedMemory } from '../../store/memory/shared-memory.ts';
import { type Office, openOffice } from '../routes/admin/office.ts';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface Desk {
  readonly office: Office;
  run(line: string | readonly string[], options?: { interactive?: boolean }): Promise<Ran>;
  /** The JSON that a command prints; throws where it did not end well. */
  json<Value>(line: string | readonly string[]): Promise<Value>;
  /** Starts the API, and a message door that answers what it was asked, as a running hub would. */
  serve(): Promise<void>;
  /** How often the store was opened because no hub runs. */
  opened(): number;
  /** Lets the store be in use by another process. */
  inUse(value: boolean): void;
  close(): Promise<void>;
}

export async function openDesk(): Promise<Desk> {
  const office = await openOffice();
  const servers: { admin?: AdminServer; door?: Server } = {};
  let opened = 0;
  let inUse = false;

  async function run(line: string | readonly string[], { interactive = false } = {}): Promise<Ran> {
    let out = '';
    let err = '';
    const world: World = {
      out: (text) => {
        out += text;
      },
      err: (text) => {
        err += text;
      },
      interactive,
      env: {},
      clock: systemClock,
      config: (dataFolder = office.folder) => readConfig({ HUB_DATA_FOLDER: dataFolder }),
      loadHub: async () => ({
        startHub: () => Promise.reject(new HubError('STORE_UNAVAILABLE', { what: 'no hub here' })),
        async openOffline() {
          if (inUse) throw new HubError('STORE_UNAVAILABLE', { what: 'the data folder is in use by process 1' });
          opened++;
          return { administration: office.administration, close: async () => undefined };
        },
      }),
    };
    const code = await main(typeof line === 'string' ? line.split(' ') : line, world);
    return { code, out, err };
  }

  return {
    office,
    run,
    async json(line) {
      const { code, out, err } = await run([...(typeof line === 'string' ? line.split(' ') : line), '--json']);
      if (code !== 0) throw new Error(`ended with ${code}: ${err}`);
      return JSON.parse(out);
    },
    async serve() {
      const issued = await office.authority.issueServer({
        commonName: 'hub',
        dnsNames: ['hub.example'],
        ipAddresses: ['127.0.0.1'],
      });
      const material: TlsMaterial = {
        key: issued.keyPem,
        cert: issued.certificatePem,
        ca: [office.authority.certificatePem],
      };
      const admin = createAdminServer({
        administration: office.administration,
        enrolment: office.enrolment,
        token: await openOperatorToken(office.folder),
        attempts: createSharedMemory({ clock: systemClock }),
        store: office.store,
        clock: systemClock,
        telemetry: silentTelemetry,
        material,
      });
      const door = createServer(serverTlsOptions(material), (request, response) => {
        const parts: Buffer[] = [];
        request.on('data', (part: Buffer) => parts.push(part));
        request.on('end', () => {
          const { method, url, headers } = request;
          response.statusCode = url === '/refused' ? 400 : 200;
          response.setHeader('content-type', 'application/json');
          response.end(JSON.stringify({ method, url, headers, body: Buffer.concat(parts).toString() }));
        });
      });
      await new Promise<void>((resolve) => admin.server.listen(0, '127.0.0.1', resolve));
      await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
      Object.assign(servers, { admin, door });
      const port = (server: Server): number => (server.address() as AddressInfo).port;
      const hub = {
        pid: process.pid,
        adminUrl: `https://127.0.0.1:${port(admin.server)}`,
        messageUrl: `https://127.0.0.1:${port(door)}`,
        operationsUrl: 'http://127.0.0.1:1',
        serverCertificate: material.cert,
      };
      await writeFile(hubFile(office.folder), JSON.stringify(hub), { mode: 0o600 });
    },
    opened: () => opened,
    inUse: (value) => {
      inUse = value;
    },
    async close() {
      await servers.admin?.close(0);
      servers.door?.closeAllConnections();
      servers.door?.close();
      await office.close();
    },
  };
}

export const inFolder = (desk: Desk, name: string): string => join(desk.office.folder, name);
