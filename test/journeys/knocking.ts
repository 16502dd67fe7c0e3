/** Knocks at the message door by hand: with odd certificates, raw bytes, half a handshake, a body that never ends. */
import { request } from 'node:https';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import type { Answered, Identity } from '../../examples/connected-system.ts';

const WITHIN_ms = 10_000;

interface Ask {
  readonly url: string;
  readonly method?: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Written one after the other, in chunks unless `headers` declare a length; the request ends after the last. */
  readonly parts: Iterable<Buffer>;
}

/** One request on a connection of its own. The answer counts even where it comes before the body is through. */
export function ask(
  identity: Partial<Identity>,
  { url, method = 'POST', path, headers, parts }: Ask,
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    // apart, so that nobody tidies the path up on the way
    const { hostname, port } = new URL(url);
    const asking = request({
      hostname,
      port,
      path,
      method,
      headers,
      agent: false,
      cert: identity.certificatePem,
      key: identity.keyPem,
      ca: identity.authorityPem,
      timeout: WITHIN_ms,
    });
    let answered = false;
    asking.on('error', (error) => {
      if (!answered) reject(error);
    });
    asking.on('timeout', () => asking.destroy(new Error('no answer in time')));
    asking.on('response', (response) => {
      answered = true;
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: Buffer.concat(chunks).toString('utf8'),
        });
        asking.destroy();
      });
    });
    const pending = parts[Symbol.iterator]();
    const write = (): void => {
      if (answered || asking.destroyed) return;
      const { done, value } = pending.next();
      if (done) asking.end();
      else asking.write(value, () => setImmediate(write));
    };
    write();
  });
}

/** A connection whose handshake is done, for bytes by hand. */
export function openTls(url: string, identity: Identity): Promise<TLSSocket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: hostname,
      port: Number(port),
      cert: identity.certificatePem,
      key: identity.keyPem,
      ca: identity.authorityPem,
    });
    socket.once('secureConnect', () => resolve(socket));
    socket.once('error', reject);
    socket.on('error', () => undefined);
  });
}

/** A TCP connection that never says hello. */
export function openTcp(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host: hostname, port: Number(port) }, () => resolve(socket));
    socket.once('error', reject);
    socket.on('error', () => undefined);
  });
}

/** Writes the bytes and gives everything that comes until the other end closes. */
export async function exchange(url: string, identity: Identity, bytes: string): Promise<string> {
  const socket = await openTls(url, identity);
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('the connection stayed open')), WITHIN_ms);
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    socket.once('close', () => {
      clearTimeout(late);
      resolve(text);
    });
    socket.write(bytes);
  });
}

/** When the other end closed the connection, by `performance.now()`. */
export function untilClosed(socket: Socket, within_ms: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      socket.destroy();
      reject(new Error(`still open after ${within_ms} ms`));
    }, within_ms);
    socket.resume();
    socket.once('close', () => {
      clearTimeout(late);
      resolve(performance.now());
    });
  });
}
