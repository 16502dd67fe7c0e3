/** Sends one message from a file as a connected system would: over mutual TLS, in the protocol's own wrapping. */
import { randomUUID } from 'node:crypto';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { DEFAULT_CONTRACT } from '../core/contract.ts';
import { contractOf } from '../plugs.ts';
import { HubUnreachable } from '../routes/admin/client.ts';
import { writeMessage } from '../routes/ebxml/write.ts';
import { summaryOf } from './answer-summary.ts';
import { type Context, finish, readNamedFile, type Setup } from './command.ts';
import { identityIn } from './enrol.ts';
import { EXIT, type ExitCode, UsageError } from './exit.ts';
import { runningHub } from './hub-access.ts';
import { pairs } from './output.ts';

interface SendOptions {
  readonly as: string;
  readonly to?: string;
  readonly path?: string;
  readonly method?: string;
  readonly ebxml?: string;
  readonly fromParty?: string;
  readonly id?: string;
  readonly contentType?: string;
  readonly header: readonly (readonly [string, string])[];
  readonly tokenFile?: string;
}

const ANSWER_WITHIN_ms = 120_000;
const MOST_ANSWER_bytes = 50_000_000;

const header = (value: string, before: readonly (readonly [string, string])[] = []) => {
  const colon = value.indexOf(':');
  if (colon < 1) throw new InvalidArgumentError('It is not `Name: value`.');
  return [...before, [value.slice(0, colon).trim().toLowerCase(), value.slice(colon + 1).trim()] as const];
};

export function sendCommand(program: Command, setup: Setup): void {
  finish<SendOptions>(
    program
      .command('send')
      .description('Send a message file over mutual TLS and show the answer.')
      .argument('[file]', 'FHIR JSON, an XML document, or the HL7 payload of an ebXML message; none for a GET')
      .requiredOption('--as <folder>', 'whose certificate: a folder that `enrol` wrote')
      .option('--to <url>', 'the message door (default: of the hub on this data folder)')
      .option('--path <path>', 'path and query (default: /)')
      .addOption(
        new Option('--method <method>', 'POST with a file, GET without').choices(['GET', 'POST', 'PUT', 'PATCH']),
      )
      .option('--ebxml <interaction>', 'wrap it as this ebXML interaction, urn:nhs:names:services:mm:...')
      .option('--from-party <key>', 'the sender’s party key, for --ebxml')
      .option('--id <guid>', 'the message id, to send the same message again (default: a new one)')
      .option('--content-type <type>', 'instead of what the file’s ending says')
      .option('--header <line>', '`Name: value`; may be repeated', header, [])
      .option('--token-file <file>', 'a person’s token, from `token issue`'),
    setup,
    [
      "send order.json --as brook-lane --path '/fhir-prescribing/FHIR/R4/$process-message' --token-file doctor.token",
      'send order.xml --as brook-lane --ebxml urn:nhs:names:services:mm:PORX_IN020101UK31 --from-party A83008-820001',
      "send --as pharmacy --path '/FHIR/R4/Task?...'",
    ],
    send,
  );
}

interface Outgoing {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

async function send({ config, show }: Context, options: SendOptions, file?: string): Promise<ExitCode> {
  const identity = await identityIn(options.as);
  const to = options.to ?? (await runningHub(config.dataFolder))?.messageUrl;
  if (to === undefined) throw new UsageError(`No hub runs on ${config.dataFolder}: start it, or name one with --to.`);
  const messageId = (options.id ?? randomUUID()).toUpperCase();
  const outgoing = await outgoingOf(options, { file, messageId, hub: config });
  const begun = performance.now();
  const answer = await exchange(new URL(outgoing.path, to), outgoing, identity);
  const took_ms = Math.round(performance.now() - begun);
  const ok = answer.status >= 200 && answer.status < 300;
  const told = { messageId, status: answer.status, took_ms, contentType: String(answer.headers['content-type'] ?? '') };
  const summary = summaryOf(told.contentType, answer.body);
  const meaning = summary === undefined ? {} : { meaning: summary };
  show(
    { ...told, ...meaning, headers: answer.headers, body: answer.body },
    `${pairs({ ...told, ...meaning })}\n${answer.body}\n`,
  );
  return ok ? EXIT.done : EXIT.failed;
}

async function outgoingOf(
  options: SendOptions,
  parts: { file: string | undefined; messageId: string; hub: { partyKey: string; cpaId: string } },
): Promise<Outgoing> {
  const { file, messageId, hub } = parts;
  if (file === undefined) {
    const headers = await headersOf(options, messageId);
    return { method: options.method ?? 'GET', path: options.path ?? '/', headers, body: undefined };
  }
  const bytes = await readNamedFile(file);
  if (options.ebxml === undefined) {
    const type = options.contentType ?? (file.endsWith('.xml') ? 'application/xml' : 'application/fhir+json');
    const headers = { 'content-type': type, ...(await headersOf(options, messageId)) };
    return { method: options.method ?? 'POST', path: options.path ?? '/', headers, body: bytes };
  }
  if (options.fromParty === undefined) throw new UsageError('--ebxml needs --from-party.');
  const colon = options.ebxml.lastIndexOf(':');
  const written = writeMessage({
    messageId,
    conversationId: messageId,
    from: options.fromParty,
    to: hub.partyKey,
    cpaId: hub.cpaId,
    timestamp: Date.now(),
    service: options.ebxml.slice(0, colon),
    action: options.ebxml.slice(colon + 1),
    contract: { ...DEFAULT_CONTRACT, ...contractOf(options.ebxml)?.contract },
    payload: { contentType: options.contentType ?? 'application/xml; charset=UTF-8', body: bytes.toString('utf8') },
  });
  const own = { 'content-type': written.contentType, soapaction: `"${written.soapAction}"` };
  return {
    method: 'POST',
    path: options.path ?? '/reliablemessaging/reliablerequest',
    headers: { ...own, ...Object.fromEntries(options.header) },
    body: written.body,
  };
}

async function headersOf({ tokenFile, header }: SendOptions, messageId: string): Promise<Record<string, string>> {
  const token = tokenFile === undefined ? undefined : (await readNamedFile(tokenFile)).toString('utf8').trim();
  return {
    'x-request-id': messageId,
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
    ...Object.fromEntries(header),
  };
}

interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

function exchange(url: URL, { method, headers, body }: Outgoing, tls: RequestOptions): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const failed = (cause: unknown): void => {
      const why = cause instanceof Error ? cause.message : String(cause);
      reject(new HubUnreachable(`${url.origin} did not answer: ${why}`, { cause }));
    };
    const length = body === undefined ? {} : { 'content-length': String(body.length) };
    const request = httpsRequest(
      url,
      { ...tls, method, headers: { ...headers, ...length }, agent: false, minVersion: 'TLSv1.2' },
      (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('data', (chunk: Buffer) => {
          chunks.push(chunk);
          size += chunk.length;
          if (size > MOST_ANSWER_bytes) request.destroy(new Error('the answer has no end'));
        });
        response.on('error', failed);
        response.on('end', () => {
          const flat = Object.entries(response.headers).map(([name, value]) => [name, String(value)]);
          const text = Buffer.concat(chunks).toString('utf8');
          resolve({ status: response.statusCode ?? 0, headers: Object.fromEntries(flat), body: text });
        });
      },
    );
    request.setTimeout(ANSWER_WITHIN_ms, () => request.destroy(new Error(`no word for ${ANSWER_WITHIN_ms / 1_000} s`)));
    request.on('error', failed);
    request.end(body);
  });
}
