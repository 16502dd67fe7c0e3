/** Posts to receivers over mutual TLS on kept-alive connections; every attempt ends within its time and none rejects. */
import { Agent, type buildConnector, type Dispatcher } from 'undici';
import { type ClientTlsParts, clientTlsOptions } from '../certs/tls-options.ts';
import type { Delivery } from '../core/delivery.ts';
import type { Endpoint } from '../core/directory.ts';
import type { PushResult } from '../core/transport.ts';

export interface PostAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
}

export type PostResult =
  | ({ readonly kind: 'answer' } & PostAnswer)
  /** No whole answer: nobody there, not trusted, cut, too late, too large. */
  | { readonly kind: 'failed'; readonly reason: string };

export interface Post {
  readonly url: string;
  /** Values must be fit for a header line; see `headerSafe`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
  /** From now to the last byte of the answer. */
  readonly timeout_ms: number;
}

export interface Poster {
  post(post: Post): Promise<PostResult>;
  /** Later posts use these certificates and lists; what is under way ends as it began. */
  renew(tls: ClientTlsParts): void;
  /** Cuts what is under way and ends every connection. */
  close(): Promise<void>;
}

/** A protocol's way of pushing over a poster that several protocols share; whoever made the poster closes it. */
export type WirePush = (delivery: Delivery, endpoint: Endpoint) => Promise<PushResult>;

export interface PosterParts {
  /** The hub's own certificate, the authorities of receivers it trusts, and their revocation lists. */
  readonly tls: ClientTlsParts;
  /** To one receiver at a time, each with one message on it. */
  readonly connectionsPerReceiver?: number;
  readonly connectTimeout_ms?: number;
  /** How long an idle connection is kept, unless the receiver says less. */
  readonly idleTimeout_ms?: number;
  readonly maxAnswer_bytes?: number;
}

const PLACES_AT_MOST = 50_000;

export function createPoster(parts: PosterParts): Poster {
  const { connectTimeout_ms = 5_000, idleTimeout_ms = 30_000, maxAnswer_bytes = 1_048_576 } = parts;
  const agentFor = (tls: ClientTlsParts): Agent =>
    new Agent({
      connections: parts.connectionsPerReceiver ?? 8,
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: idleTimeout_ms,
      keepAliveMaxTimeout: 600_000,
      connect: connectOptions(tls, connectTimeout_ms),
    });
  const retiring = new Set<Agent>();
  let agent = agentFor(parts.tls);
  const places = new Map<string, Place | undefined>();

  const placeOf = (url: string): Place | undefined => {
    if (places.has(url)) return places.get(url);
    if (places.size >= PLACES_AT_MOST) places.clear();
    const place = readPlace(url);
    places.set(url, place);
    return place;
  };

  return {
    post({ url, headers, body, timeout_ms }) {
      const place = placeOf(url);
      if (!place) return Promise.resolve({ kind: 'failed', reason: 'the endpoint is not an https address' });
      return new Promise((resolve) => {
        const exchange = new Exchange(resolve, timeout_ms, maxAnswer_bytes);
        try {
          const { origin, path } = place;
          agent.dispatch(
            { origin, path, method: 'POST', headers, body, headersTimeout: timeout_ms, bodyTimeout: timeout_ms },
            exchange,
          );
        } catch (thrown) {
          exchange.onResponseError(undefined, thrown);
        }
      });
    },
    renew(tls) {
      const old = agent;
      agent = agentFor(tls);
      retiring.add(old);
      void old.close().finally(() => retiring.delete(old));
    },
    async close() {
      await Promise.all([agent, ...retiring].map((each) => each.destroy()));
    },
  };
}

/** undici asks for a port where TLS has one to give; which host and port it is to be comes with each post. */
function connectOptions(tls: ClientTlsParts, timeout: number): buildConnector.BuildOptions {
  const { port: _port, path: _path, timeout: _timeout, ...options } = clientTlsOptions(tls);
  return { ...options, timeout };
}

interface Place {
  readonly origin: string;
  readonly path: string;
}

function readPlace(text: string): Place | undefined {
  const url = URL.parse(text);
  return url?.protocol === 'https:' ? { origin: url.origin, path: url.pathname + url.search } : undefined;
}

/** One post and its answer; whatever comes first of end, error and time settles it, and nothing after that counts. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #resolve: (result: PostResult) => void;
  readonly #maxAnswer_bytes: number;
  readonly #timer: NodeJS.Timeout;
  readonly #chunks: Buffer[] = [];
  #controller: Dispatcher.DispatchController | undefined;
  #settled = false;
  #status = 0;
  #contentType = '';
  #bytes = 0;

  constructor(resolve: (result: PostResult) => void, timeout_ms: number, maxAnswer_bytes: number) {
    this.#resolve = resolve;
    this.#maxAnswer_bytes = maxAnswer_bytes;
    this.#timer = setTimeout(() => this.#abandon('no answer in time'), timeout_ms);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // Its time passed while it waited for a connection: it must not be sent any more.
    if (this.#settled) controller.abort(new Error('abandoned'));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    this.#status = status;
    const contentType = headers['content-type'];
    this.#contentType = typeof contentType === 'string' ? contentType : '';
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#settled) return;
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maxAnswer_bytes) this.#abandon('the answer is too large');
    else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const [first] = this.#chunks;
    this.#settle({
      kind: 'answer',
      status: this.#status,
      contentType: this.#contentType,
      body: this.#chunks.length === 1 && first ? first : Buffer.concat(this.#chunks),
    });
  }

  onResponseError(_controller: unknown, error: unknown): void {
    this.#settle({ kind: 'failed', reason: reasonOf(error) });
  }

  #abandon(reason: string): void {
    if (this.#settled) return;
    this.#settle({ kind: 'failed', reason });
    this.#controller?.abort(new Error('abandoned'));
  }

  #settle(result: PostResult): void {
    if (this.#settled) return;
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#resolve(result);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection cut',
  EPIPE: 'connection cut',
  UND_ERR_SOCKET: 'connection cut',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
  UND_ERR_BODY_TIMEOUT: 'no answer in time',
  ENOTFOUND: 'no such host',
  ERR_TLS_CERT_ALTNAME_INVALID: 'the certificate is not of the endpoint host',
};

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (code === '') return 'connection failed';
  return REASONS[code] ?? `connection failed: ${code}`;
}

/** The text if it can stand in a header line, else undefined: identifiers of senders are carried, never trusted. */
export const headerSafe = (text: string | undefined): string | undefined =>
  text !== undefined && /^[\x21-\x7e]{1,256}$/.test(text) ? text : undefined;
