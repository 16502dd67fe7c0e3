/** What one connection, one address and all of them together may take of a door; whatever is over is cut. */
import { ServerResponse } from 'node:http';
import type { Server, ServerOptions } from 'node:https';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { handshakeRefusal, type RefusalReason, type ReportRefusal, requestRefusal } from './refusals.ts';

export interface DoorLimits {
  readonly connections: number;
  /** Behind a balancer that does not keep the sender's address, give this the same number as `connections`. */
  readonly connectionsPerAddress: number;
  /** From the first byte of TCP to the end of the handshake. */
  readonly handshake_ms: number;
  /** From the first byte of a request, or from the handshake, to the end of its headers. */
  readonly headers_ms: number;
  /** The same to the end of its body. */
  readonly request_ms: number;
  /** Nothing read and nothing written while a request is in hand. */
  readonly idle_ms: number;
  /** Between two requests. */
  readonly keepAlive_ms: number;
  /** How often the header and body times are looked at. */
  readonly sweep_ms: number;
  /** All header lines of a request together. */
  readonly headerBytes: number;
}

export const DEFAULT_DOOR_LIMITS: DoorLimits = {
  connections: 25_000,
  connectionsPerAddress: 256,
  handshake_ms: 10_000,
  headers_ms: 10_000,
  request_ms: 60_000,
  idle_ms: 120_000,
  keepAlive_ms: 300_000,
  sweep_ms: 2_000,
  headerBytes: 16_384,
};

/** Those limits that a server can only be born with. */
export function doorOptions(limits: DoorLimits): ServerOptions {
  return {
    handshakeTimeout: limits.handshake_ms,
    headersTimeout: limits.headers_ms,
    requestTimeout: Math.max(limits.request_ms, limits.headers_ms),
    keepAliveTimeout: limits.keepAlive_ms,
    connectionsCheckingInterval: limits.sweep_ms,
    maxHeaderSize: limits.headerBytes,
    insecureHTTPParser: false,
    noDelay: true,
  };
}

export interface LimitedDoor {
  /** Open connections, half-open ones too. */
  connections(): number;
  /** Cuts every connection, in whatever state. */
  cut(): void;
}

/** Puts the limits on a server that was made with `doorOptions(limits)`, before it listens. */
export function applyDoorLimits(server: Server, limits: DoorLimits, report: ReportRefusal): LimitedDoor {
  const open = new Set<Socket>();
  const byAddress = new Map<string, number>();
  server.maxConnections = limits.connections;
  Object.assign(server, { dropMaxConnection: true });
  server.timeout = limits.idle_ms;
  server.on('drop', (data) => report({ reason: 'too-many-connections', address: data?.remoteAddress ?? '' }));

  // The gate stands before the TLS listener, so a connection over the limit costs no handshake.
  const handshake = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? '';
    const count = (byAddress.get(address) ?? 0) + 1;
    if (count > limits.connectionsPerAddress) {
      socket.destroy();
      report({ reason: 'too-many-connections-from-address', address });
      return;
    }
    byAddress.set(address, count);
    open.add(socket);
    socket.once('close', () => {
      open.delete(socket);
      const left = (byAddress.get(address) ?? 1) - 1;
      if (left > 0) byAddress.set(address, left);
      else byAddress.delete(address);
    });
    for (const listener of handshake) listener.call(server, socket);
  });

  // These two must destroy: a handler that only ends the socket switches the handshake time-out off for it.
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: TLSSocket) => {
    report({ reason: handshakeRefusal(error, socket.authorizationError), address: addressOf(socket) });
    socket.destroy();
  });
  const secured = new WeakSet<object>();
  server.prependListener('secureConnection', (socket) => secured.add(socket));
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    // said of one connection more than once: by the parser, and again by the socket that was cut for it
    if (socket.destroyed) return;
    // node:https says each failed handshake here as well.
    const reason = secured.has(socket) ? requestRefusal(error) : undefined;
    if (reason !== undefined) {
      report({ reason, address: (socket as Socket).remoteAddress ?? '' });
      if (socket.writable && !answerBegun(socket)) socket.write(statusLine(reason));
    }
    socket.destroy();
  });

  return {
    connections: () => open.size,
    cut: () => {
      for (const socket of open) socket.destroy();
    },
  };
}

/** A TLS socket that has failed no longer knows its address; the TCP socket below it does. */
function addressOf(socket: TLSSocket): string {
  const below: unknown = Reflect.get(socket, '_parent');
  return socket.remoteAddress ?? (below instanceof Socket ? below.remoteAddress : undefined) ?? '';
}

/** True once an answer to the request in hand is on its way: a second status line would be taken for part of it. */
function answerBegun(socket: Duplex): boolean {
  const answer: unknown = Reflect.get(socket, '_httpMessage');
  return answer instanceof ServerResponse && answer.headersSent;
}

function statusLine(reason: RefusalReason): string {
  const status = STATUS[reason] ?? '400 Bad Request';
  return `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
}

const STATUS: Partial<Record<RefusalReason, string>> = {
  'request-timeout': '408 Request Timeout',
  'request-headers-too-large': '431 Request Header Fields Too Large',
};
