/** The administration of a hub that runs somewhere: the same operations, over HTTPS. */
import type { IncomingMessage } from 'node:http';
import { Agent, type AgentOptions, request as httpsRequest, type RequestOptions } from 'node:https';
import { createInterface } from 'node:readline';
import { checkServerIdentity } from 'node:tls';
import type { Verification } from '../../audit/verify.ts';
import { pemBlocks } from '../../certs/x509.ts';
import { HubError } from '../../core/errors.ts';
import type { Input } from './input.ts';
import { errorFromJson } from './json-error.ts';
import { type Administration, OPERATION_NAMES, pathNames, ROUTES, type Route } from './operations.ts';

/** Nobody answers there, or somebody who is not the hub. */
export class HubUnreachable extends Error {
  override readonly name = 'HubUnreachable';
}

/** How the hub's certificate is known. */
export type Trust =
  /** Certificates of authorities, PEM: name and chain are checked as always. */
  | { readonly ca: string }
  /** The hub's own certificate, PEM, as its data folder shows it: that one and no other, under whatever name. */
  | { readonly certificate: string };

export interface AdminClientParts {
  /** `https://127.0.0.1:8444` */
  readonly url: string;
  readonly token: string;
  readonly trust: Trust;
  /** Longest silence of the hub. */
  readonly within_ms?: number;
}

const WITHIN_ms = 60_000;
const MOST_ANSWER_bytes = 64_000_000;

export function createAdminClient(parts: AdminClientParts): { administration: Administration; close(): void } {
  const agent = new Agent({ keepAlive: true, maxSockets: 4, ...trustOptions(parts.trust) });

  async function call(route: Route, input: Input): Promise<IncomingMessage> {
    const names = pathNames(route.path);
    const rest = Object.entries(input).filter(([name, value]) => !names.includes(name) && value !== undefined);
    const path = route.path.replace(/\{(\w+)\}/g, (_whole, name: string) =>
      encodeURIComponent(String(input[name] ?? '')),
    );
    const query = new URLSearchParams(
      Object.fromEntries(rest.map(([name, value]) => [name, String(value)])),
    ).toString();
    return send({
      url: new URL(route.method === 'GET' && query !== '' ? `${path}?${query}` : path, parts.url),
      method: route.method,
      headers: { authorization: `Bearer ${parts.token}`, 'content-type': 'application/json' },
      ...(route.method !== 'GET' && { body: JSON.stringify(Object.fromEntries(rest)) }),
      options: { agent },
      within_ms: parts.within_ms ?? WITHIN_ms,
    });
  }

  const plain = OPERATION_NAMES.filter((name) => name !== 'verifyAudit').map((name) => [
    name,
    async (input: Input = {}): Promise<unknown> => jsonOf(await call(ROUTES[name], input)),
  ]);
  const administration = {
    ...Object.fromEntries(plain),
    async verifyAudit(input, onProgress) {
      const response = await call(ROUTES.verifyAudit, input as Input);
      if (response.statusCode !== 200) return jsonOf(response);
      return verificationOf(response, onProgress);
    },
  } as Administration;
  return { administration, close: () => agent.destroy() };
}

export interface EnrolParts {
  readonly url: string;
  readonly trust: Trust;
  readonly token: string;
  /** PKCS#10, PEM. */
  readonly csr: string;
}

/** Redeems an invitation: the certificate and its authority, PEM. */
export async function enrolOver({ url, trust, token, csr }: EnrolParts): Promise<string> {
  const agent = new Agent(trustOptions(trust));
  try {
    const response = await send({
      url: new URL('/enrol', url),
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token, csr }),
      options: { agent },
      within_ms: WITHIN_ms,
    });
    const text = await textOf(response);
    if (response.statusCode === 201) return text;
    throw errorFromJson(parsed(text));
  } finally {
    agent.destroy();
  }
}

export function trustOptions(trust: Trust): AgentOptions {
  if ('ca' in trust) return { ca: trust.ca, minVersion: 'TLSv1.2', checkServerIdentity };
  const [own = ''] = pemBlocks(trust.certificate, 'CERTIFICATE');
  const der = Buffer.from(own.replace(/-----[^-]+-----/g, ''), 'base64');
  return {
    ca: own,
    allowPartialTrustChain: true,
    minVersion: 'TLSv1.2',
    checkServerIdentity: (_host, { raw }) =>
      raw.equals(der) ? undefined : new Error('The certificate is not the one of the hub’s data folder.'),
  };
}

interface Sent {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly options: RequestOptions;
  readonly within_ms: number;
}

function send({ url, method, headers, body, options, within_ms }: Sent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const failed = (cause: unknown): void => {
      const why = cause instanceof Error ? cause.message : String(cause);
      reject(new HubUnreachable(`The hub at ${url.origin} cannot be reached: ${why}`, { cause }));
    };
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    const request = httpsRequest(url, { ...options, method, headers: { ...headers, ...length } }, resolve);
    request.setTimeout(within_ms, () => request.destroy(new Error(`no word for ${within_ms / 1_000} s`)));
    request.on('error', failed);
    request.end(body);
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > MOST_ANSWER_bytes) throw new Error('the answer has no end');
    }
  } catch (cause) {
    throw new HubUnreachable('The hub’s answer was cut off.', { cause });
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function jsonOf<Value>(response: IncomingMessage): Promise<Value> {
  const value = parsed(await textOf(response));
  if (response.statusCode === 200 && value !== undefined) return value as Value;
  throw errorFromJson(value);
}

async function verificationOf(response: IncomingMessage, onProgress?: (lines: number) => void): Promise<Verification> {
  try {
    for await (const line of createInterface({ input: response })) {
      const said = parsed(line) as { lines?: number; result?: Verification; error?: unknown } | undefined;
      if (said?.result !== undefined) return said.result;
      if (said?.error !== undefined) throw errorFromJson(said);
      if (said?.lines !== undefined) onProgress?.(said.lines);
    }
  } catch (cause) {
    if (cause instanceof HubError) throw cause;
    throw new HubUnreachable('The hub’s answer was cut off.', { cause });
  }
  throw new HubUnreachable('The hub’s answer was cut off.');
}
