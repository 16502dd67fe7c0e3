/** A door for connected systems: mutual TLS, limits, the peer known, and nobody served whose certificate fell. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import { applyDoorLimits, type DoorLimits, doorOptions } from './door-limits.ts';
import { type Peer, peerOf } from './identify.ts';
import type { RefusalReason, ReportRefusal } from './refusals.ts';
import { REASONS, type Revocation } from './revocation.ts';
import { serverTlsOptions, type TlsMaterial } from './tls-options.ts';

export interface DoorParts {
  readonly material: TlsMaterial;
  readonly revocation: Revocation;
  readonly limits: DoorLimits;
  readonly report: ReportRefusal;
  /** Every request whose peer stands. The peer is a certificate; which system that is, the directory says. */
  handle(request: IncomingMessage, response: ServerResponse, peer: Peer): void;
}

export interface Door {
  readonly server: Server;
  /** Open connections, half-open ones too. */
  connections(): number;
  /** Another key and certificate for new handshakes. */
  renew(material: TlsMaterial): void;
  /** Stops listening, lets requests in hand end, and after `within_ms` cuts what is left. */
  close(within_ms: number): Promise<void>;
}

/** Makes the door; the caller listens on `door.server`. */
export function createDoor({ material, revocation, limits, report, handle }: DoorParts): Door {
  const crl = revocation.tlsLists();
  const server = createServer({ ...serverTlsOptions({ ...material, ...(crl && { crl }) }), ...doorOptions(limits) });
  const limited = applyDoorLimits(server, limits, report);
  const guarded = revocation.guard(server, material, report);

  const refuse = (socket: Socket, reason: RefusalReason): void => {
    report({ reason, address: socket.remoteAddress ?? '' });
    socket.destroy();
  };
  server.on('request', (request, response) => {
    const peer = peerOf(request.socket);
    if (peer === undefined) return refuse(request.socket, 'certificate-missing');
    const standing = revocation.standing(peer);
    if (standing !== 'good') return refuse(request.socket, REASONS[standing]);
    handle(request, response, peer);
  });

  return {
    server,
    connections: limited.connections,
    renew: guarded.renew,
    close(within_ms) {
      return new Promise((resolve) => {
        const cut = setTimeout(limited.cut, within_ms);
        server.close(() => {
          clearTimeout(cut);
          resolve();
        });
        server.closeIdleConnections();
      });
    },
  };
}
