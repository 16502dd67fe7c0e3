/** The administration over HTTPS: JSON in and out, an operator's token for all of it but enrolment. */
import { createServer, type Server } from 'node:https';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import { applyDoorLimits, DEFAULT_DOOR_LIMITS, type DoorLimits, doorOptions } from '../../certs/door-limits.ts';
import type { ReportRefusal } from '../../certs/refusals.ts';
import { serverTlsOptions, type TlsMaterial } from '../../certs/tls-options.ts';
import type { Clock } from '../../core/clock.ts';
import { HubError } from '../../core/errors.ts';
import type { SharedMemory } from '../../core/shared-memory.ts';
import type { Store } from '../../core/store.ts';
import type { Telemetry } from '../../core/telemetry.ts';
import type { Enrolment } from './enrolment.ts';
import { asInput, type Input } from './input.ts';
import { errorOf, jsonError } from './json-error.ts';
import { type Administration, OPERATION_NAMES, pathNames, ROUTES, type Route } from './operations.ts';
import { tokenChecker } from './operator-token.ts';

export interface AdminParts {
  readonly administration: Administration;
  /** Undefined where certificates come from an authority outside the hub. */
  readonly enrolment: Enrolment | undefined;
  /** See operator-token.ts. */
  readonly token: string;
  /** Counts what fails, and who enrols, by address. */
  readonly attempts: Pick<SharedMemory, 'take'>;
  readonly store: Pick<Store, 'audit'>;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

export interface AdminServerParts extends AdminParts {
  readonly material: TlsMaterial;
  readonly limits?: Partial<DoorLimits>;
  readonly report?: ReportRefusal;
}

export interface AdminServer {
  /** The caller listens on it. */
  readonly server: Server;
  /** Another key and certificate for new handshakes. */
  renew(material: TlsMaterial): void;
  /** Stops listening and cuts what is still open after `within_ms`. */
  close(within_ms: number): Promise<void>;
}

/** Ten at once, then one every six seconds for each address. */
const ATTEMPTS = { perSecond: 1 / 6, burst: 10 };
const MOST_BODY = '256kb';
/** A copy of the signed heads travels with the wish to verify. */
const MOST_VERIFY_BODY = '64mb';
/** A long verification says something at least this often, in lines of the trail. */
const PROGRESS_EVERY = 10_000;

/** For an API that only programs read: nothing is kept, framed, sniffed or referred to. */
const HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'strict-transport-security': 'max-age=31536000',
};

export function createAdminServer(parts: AdminServerParts): AdminServer {
  const { material, report = () => undefined } = parts;
  const limits: DoorLimits = { ...DEFAULT_DOOR_LIMITS, connections: 200, connectionsPerAddress: 50, ...parts.limits };
  const tls = (of: TlsMaterial) => serverTlsOptions({ ...of, clientCertificate: 'none' });
  const server = createServer({ ...tls(material), ...doorOptions(limits) }, createAdminApp(parts));
  const limited = applyDoorLimits(server, limits, report);
  return {
    server,
    renew: (next) => server.setSecureContext(tls(next)),
    close: (within_ms) =>
      new Promise((resolve) => {
        const cut = setTimeout(limited.cut, within_ms);
        server.close(() => {
          clearTimeout(cut);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

export function createAdminApp(parts: AdminParts): Express {
  const { administration, enrolment, telemetry } = parts;
  const isOperator = tokenChecker(parts.token);
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.use((_request, response, next) => {
    response.set(HEADERS);
    next();
  });

  app.post('/enrol', limitEnrolment(parts), express.json({ limit: '32kb' }), async (request, response) => {
    if (enrolment === undefined) throw new HubError('NOT_FOUND');
    const { token, csr } = asInput(request.body);
    const chain = await enrolment.enrol({ token, csr } as { token: string; csr: string });
    response.status(201).type('application/pem-certificate-chain').send(chain);
  });

  app.use(async (request, _response, next) => {
    if (!isOperator(request.headers.authorization)) await refuseOperator(parts, request);
    next();
  });
  app.post('/audit/verify', express.json({ limit: MOST_VERIFY_BODY }), (request, response) =>
    verify(administration, asInput(request.body), response, telemetry),
  );
  app.use(express.json({ limit: MOST_BODY }));
  for (const name of OPERATION_NAMES) {
    if (name === 'verifyAudit') continue;
    const route: Route = ROUTES[name];
    const operation = administration[name] as (input: Input) => Promise<unknown>;
    const serve = async (request: Request, response: Response): Promise<void> => {
      response.json(await operation(inputOf(route, request)));
    };
    const path = route.path.replace(/\{(\w+)\}/g, ':$1');
    if (route.method === 'GET') app.get(path, serve);
    else if (route.method === 'POST') app.post(path, serve);
    else app.patch(path, serve);
  }
  app.use(() => {
    throw new HubError('NOT_FOUND', { what: 'no such path' });
  });

  app.use((thrown: unknown, _request: Request, response: Response, _next: NextFunction) => {
    const error = errorOf(thrown);
    if (error.code === 'INTERNAL') telemetry.trouble('an administration request that the hub failed on', thrown);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (error.code === 'TOKEN_INVALID') response.set('www-authenticate', 'Bearer');
    if (error.entry.retry) response.set('retry-after', String(Math.ceil(error.details.retryAfter_s ?? 1)));
    // what was not read of the body would be taken for the next request
    if (!_request.complete) response.set('connection', 'close');
    response.status(error.entry.status).json(jsonError(error));
  });
  return app;
}

const addressOf = (request: Request): string => request.socket.remoteAddress ?? 'unknown';

function limitEnrolment({ attempts }: AdminParts) {
  return async (request: Request, _response: Response, next: NextFunction): Promise<void> => {
    await takeAttempt(attempts, `enrol ${addressOf(request)}`);
    next();
  };
}

async function takeAttempt(attempts: AdminParts['attempts'], bucket: string): Promise<void> {
  const wait_ms = await attempts.take(bucket, ATTEMPTS);
  if (wait_ms > 0) throw new HubError('RATE_LIMITED', { retryAfter_s: wait_ms / 1_000 });
}

/** Only failures are counted, so whoever guesses beside an operator does not shut the operator out. */
async function refuseOperator({ attempts, store, clock, telemetry }: AdminParts, request: Request): Promise<never> {
  await takeAttempt(attempts, `operator ${addressOf(request)}`);
  const code = 'TOKEN_INVALID';
  telemetry.stage('refused', { code });
  await store.audit({}, clock.now(), [{ action: 'administer', outcome: 'refused', code }]);
  throw new HubError(code, { what: 'the operator token' });
}

/** One object from path, query and body; a name of the path is never overruled. */
function inputOf({ method, path, numbers = [] }: Route, request: Request): Input {
  const fromPath = Object.fromEntries(pathNames(path).map((name) => [name, request.params[name]]));
  if (method !== 'GET') {
    if (request.body !== undefined && asInput(request.body) !== request.body) throw new HubError('JSON_INVALID');
    return { ...asInput(request.body), ...fromPath };
  }
  const query = Object.fromEntries(
    Object.entries(request.query).map(([name, value]) => [
      name,
      numbers.includes(name) && typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value,
    ]),
  );
  return { ...query, ...fromPath };
}

/** One JSON object a line: `{"lines":n}` while it reads, at the end `{"result":...}` or `{"error":...}`. */
async function verify(
  administration: Administration,
  input: Input,
  response: Response,
  telemetry: Telemetry,
): Promise<void> {
  response.status(200).type('application/x-ndjson');
  const say = (value: object): void => {
    response.write(`${JSON.stringify(value)}\n`);
  };
  let next = PROGRESS_EVERY;
  try {
    const result = await administration.verifyAudit(input, (lines) => {
      if (response.destroyed) throw new HubError('BODY_INCOMPLETE', { what: 'the operator has gone' });
      if (lines < next) return;
      next = lines + PROGRESS_EVERY;
      say({ lines });
    });
    say({ result });
  } catch (thrown) {
    const error = errorOf(thrown);
    if (error.code === 'INTERNAL') telemetry.trouble('a verification that the hub failed on', thrown);
    say(jsonError(error));
  }
  response.end();
}
