/** Who is revoked: loads the lists, hands them to TLS, and enforces them on connections that are open already. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Server, TLSSocket } from 'node:tls';
import type { Clock, Instant } from '../core/clock.ts';
import { identifyPeers, type Peer, peerOf } from './identify.ts';
import type { ReportRefusal } from './refusals.ts';
import { loadRevocationLists, type RevocationLists } from './revocation-lists.ts';
import { serverTlsOptions, type TlsMaterial } from './tls-options.ts';

/** Whether a certificate that passed its handshake still stands. 'unproven': no list that is young enough speaks of it. */
export type Standing = 'good' | 'revoked' | 'expired' | 'unproven';

export interface RevocationHealth {
  readonly healthy: boolean;
  /** Why not, for the operator. */
  readonly problem?: string;
  /** When the first of the lists should have been replaced. */
  readonly nextUpdate: Instant;
  readonly revoked: number;
}

export interface Revocation {
  /** A look-up in memory; ask for every request. */
  standing(peer: Peer): Standing;
  isRevoked(peer: Peer): boolean;
  /** What goes into `serverTlsOptions`; undefined during the days of grace, when this module alone enforces the lists. */
  tlsLists(): readonly string[] | undefined;
  /**
   * Guards a server that was made with these lists: reads each peer, refuses the revoked before their first request (a
   * resumed session too), and on each change renews the context and cuts open connections. `renew` changes its key.
   */
  guard(server: Server, material: TlsMaterial, report: ReportRefusal): { renew(material: TlsMaterial): void };
  /** Reads the files again now; keeps the last good lists where they cannot be used. True when they could. */
  reload(): Promise<boolean>;
  health(): RevocationHealth;
  close(): void;
}

export interface RevocationParts {
  /** PEM or DER, one list or several each. */
  readonly paths: readonly string[];
  /** Every authority that may issue, PEM: each must have its list, or TLS would refuse all that it issued. */
  readonly authorities: readonly string[];
  readonly clock: Clock;
  /** How often the files are looked at. Default 10 s. */
  readonly interval_ms?: number;
  /** How long after their nextUpdate the last lists still serve. Default 24 h. */
  readonly grace_ms?: number;
}

const DAY_MS = 24 * 60 * 60 * 1_000;

/**
 * Throws where a list is missing, unreadable or not signed by its authority: a hub does not start half blind.
 * Afterwards a bad file changes nothing but health. Up to nextUpdate TLS checks the lists and so does this module; from
 * then for `grace_ms` this module alone does, and health says so; after that nobody is let in and nobody stays.
 */
export async function openRevocation(parts: RevocationParts): Promise<Revocation> {
  const { paths, authorities, clock, interval_ms = 10_000, grace_ms = DAY_MS } = parts;
  const read = () => Promise.all(paths.map((path) => readFile(path)));
  const issuers = authorities.map((pem) => new X509Certificate(pem));
  let files = await read();
  let lists: RevocationLists = await loadRevocationLists(files, authorities);
  let problem: string | undefined;
  let closed = false;
  const guarded = new Set<{ apply(): void; sweep(): void }>();

  const age = (now: Instant): 'current' | 'grace' | 'stale' => {
    // Grace begins one interval early, or TLS would refuse everybody until the next look.
    if (now < lists.nextUpdate - interval_ms) return 'current';
    return now < lists.nextUpdate + grace_ms ? 'grace' : 'stale';
  };
  let applied = age(clock.now());

  const isRevoked = (peer: Peer): boolean => peer.chain.some((key) => lists.revoked.has(key));

  function standing(peer: Peer): Standing {
    const now = clock.now();
    if (peer.chain.length === 0) return 'unproven';
    if (isRevoked(peer)) return 'revoked';
    if (now > peer.notAfter || now < peer.notBefore) return 'expired';
    return age(now) === 'stale' ? 'unproven' : 'good';
  }

  const tlsLists = () => (age(clock.now()) === 'grace' ? undefined : lists.pem);

  /** One at a time, so an older reading never takes the place of a newer one. */
  let turn: Promise<boolean> = Promise.resolve(true);
  const reload = (): Promise<boolean> => {
    turn = turn.then(readAgain);
    return turn;
  };

  async function readAgain(): Promise<boolean> {
    try {
      const fresh = await read();
      const changed = fresh.some((bytes, index) => !files[index]?.equals(bytes));
      if (changed) lists = await loadRevocationLists(fresh, authorities);
      files = fresh;
      problem = undefined;
      settle(changed);
      return true;
    } catch (cause) {
      problem = cause instanceof Error ? cause.message : 'a revocation list cannot be read';
      settle(false);
      return false;
    }
  }

  function settle(changed: boolean): void {
    const state = age(clock.now());
    const renew = changed || state !== applied;
    applied = state;
    for (const one of guarded) {
      if (renew) one.apply();
      one.sweep();
    }
  }

  let cancel = () => {};
  function watch(): void {
    cancel = clock.timer(interval_ms, () => {
      void reload().finally(() => {
        if (!closed) watch();
      });
    });
  }
  watch();

  return {
    standing,
    isRevoked,
    tlsLists,
    reload,
    guard(server, first, report) {
      let material = first;
      const open = new Set<TLSSocket>();
      const judge = (peer: Peer | undefined, socket: TLSSocket): boolean => {
        const stands = peer === undefined ? 'unproven' : standing(peer);
        if (stands === 'good') return true;
        report({ reason: REASONS[stands], address: socket.remoteAddress ?? '' });
        socket.destroy();
        return false;
      };
      identifyPeers(server, issuers, (peer, socket) => {
        if (!judge(peer, socket)) return;
        open.add(socket);
        socket.once('close', () => open.delete(socket));
      });
      const apply = (next = material) => server.setSecureContext(serverTlsOptions({ ...next, ...crlOf(tlsLists()) }));
      const entry = {
        apply,
        sweep: () => {
          for (const socket of open) judge(peerOf(socket), socket);
        },
      };
      guarded.add(entry);
      server.once('close', () => guarded.delete(entry));
      apply();
      return {
        renew(next) {
          apply(next);
          material = next;
        },
      };
    },
    health() {
      const state = age(clock.now());
      const late = state === 'current' ? undefined : `the revocation lists are past their next update (${state})`;
      const said = problem ?? late;
      return {
        healthy: said === undefined,
        ...(said !== undefined && { problem: said }),
        nextUpdate: lists.nextUpdate,
        revoked: lists.revoked.size,
      };
    },
    close() {
      closed = true;
      cancel();
    },
  };
}

/** What a refused standing is called in a report. */
export const REASONS = {
  revoked: 'certificate-revoked',
  expired: 'certificate-expired',
  unproven: 'revocation-list-stale',
} as const;

const crlOf = (lists: readonly string[] | undefined) => (lists === undefined ? {} : { crl: lists });
