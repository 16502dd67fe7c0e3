/** A connected system as its supplier might write it: it sends over mutual TLS, and takes what is pushed to it. */
import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { Agent, request } from 'undici';

export interface Identity {
  readonly certificatePem: string;
  readonly keyPem: string;
  readonly authorityPem: string;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly at: number;
}

export interface SystemClient {
  send(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body?: string | Buffer,
  ): Promise<Answered>;
  fhir(method: string, path: string, options?: FhirOptions): Promise<Answered>;
  ebxml(message: EbxmlMessage): Promise<Answered>;
  close(): Promise<void>;
}

export interface FhirOptions {
  readonly body?: string;
  readonly token?: string;
  /** X-Request-ID; a fresh one otherwise. */
  readonly requestId?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface EbxmlMessage {
  readonly messageId: string;
  readonly from: string;
  readonly to: string;
  readonly cpaId: string;
  readonly service: string;
  readonly action: string;
  readonly payload: string;
  readonly timestamp?: Date;
  readonly path?: string;
}

const ANSWER_WITHIN_ms = 30_000;

export function createSystemClient(hubUrl: string, identity: Identity, connections = 8): SystemClient {
  const agent = new Agent({
    connections,
    connect: { cert: identity.certificatePem, key: identity.keyPem, ca: identity.authorityPem },
    keepAliveTimeout: 60_000,
  });

  async function send(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body?: string | Buffer,
  ): Promise<Answered> {
    const answer = await request(`${hubUrl}${path}`, {
      dispatcher: agent,
      method: method as 'GET',
      headers,
      ...(body !== undefined && { body }),
      headersTimeout: ANSWER_WITHIN_ms,
      bodyTimeout: ANSWER_WITHIN_ms,
    });
    return { status: answer.statusCode, headers: answer.headers, body: await answer.body.text() };
  }

  return {
    send,
    fhir: (method, path, { body, token, requestId = randomUUID(), headers = {} } = {}) =>
      send(
        method,
        path,
        {
          accept: 'application/fhir+json',
          'x-request-id': requestId,
          ...(body !== undefined && { 'content-type': 'application/fhir+json' }),
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...headers,
        },
        body,
      ),
    ebxml(message) {
      const { contentType, soapAction, body } = writeEbxml(message);
      return send(
        'POST',
        message.path ?? '/Prescription',
        { 'content-type': contentType, soapaction: soapAction },
        body,
      );
    },
    close: () => agent.destroy(),
  };
}

/** An asynchronous reliable message as the national service's own clients write it: see ebXML Message Service 2.0. */
export function writeEbxml({
  messageId,
  from,
  to,
  cpaId,
  service,
  action,
  payload,
  timestamp = new Date(),
}: EbxmlMessage): {
  contentType: string;
  soapAction: string;
  body: Buffer;
} {
  const party = (id: string): string =>
    `<eb:PartyId eb:type="urn:nhs:names:partyType:ocs+serviceInstance">${id}</eb:PartyId>`;
  const header = `<?xml version="1.0" encoding="UTF-8"?>
<SOAP:Envelope xmlns:SOAP="http://schemas.xmlsoap.org/soap/envelope/" xmlns:eb="http://www.oasis-open.org/committees/ebxml-msg/schema/msg-header-2_0.xsd" xmlns:hl7ebxml="urn:hl7-org:transport/ebXML/DSTUv1.0" xmlns:xlink="http://www.w3.org/1999/xlink">
<SOAP:Header>
<eb:MessageHeader SOAP:mustUnderstand="1" eb:version="2.0">
<eb:From>${party(from)}</eb:From><eb:To>${party(to)}</eb:To>
<eb:CPAId>${cpaId}</eb:CPAId><eb:ConversationId>${messageId}</eb:ConversationId>
<eb:Service>${service}</eb:Service><eb:Action>${action}</eb:Action>
<eb:MessageData><eb:MessageId>${messageId}</eb:MessageId><eb:Timestamp>${timestamp.toISOString().slice(0, 19)}Z</eb:Timestamp></eb:MessageData>
<eb:DuplicateElimination/>
</eb:MessageHeader>
<eb:AckRequested SOAP:mustUnderstand="1" eb:version="2.0" eb:signed="false" SOAP:actor="urn:oasis:names:tc:ebxml-msg:actor:toPartyMSH"/>
<eb:SyncReply SOAP:mustUnderstand="1" eb:version="2.0" SOAP:actor="http://schemas.xmlsoap.org/soap/actor/next"/>
</SOAP:Header>
<SOAP:Body><eb:Manifest SOAP:mustUnderstand="1" eb:version="2.0"><eb:Reference xlink:href="cid:${messageId}@spine.nhs.uk"><eb:Description xml:lang="en">HL7 payload</eb:Description><hl7ebxml:Payload style="HL7" encoding="XML" version="3.0"/></eb:Reference></eb:Manifest></SOAP:Body>
</SOAP:Envelope>`;
  const boundary = '--=_MIME-Boundary';
  const part = (id: string, content: string): string =>
    `--${boundary}\r\nContent-Id: <${id}>\r\nContent-Type: text/xml; charset=UTF-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${content}\r\n`;
  return {
    contentType: `multipart/related; boundary="${boundary}"; type=text/xml; start=ebXMLHeader@spine.nhs.uk`,
    soapAction: `${service}/${action}`,
    body: Buffer.from(
      `${part('ebXMLHeader@spine.nhs.uk', header)}${part(`${messageId}@spine.nhs.uk`, payload)}--${boundary}--\r\n`,
    ),
  };
}

export interface ReceivingEndpoint {
  readonly url: string;
  readonly received: readonly Received[];
  /** Resolves with the first message that fits, now or later; rejects after `within_ms`. */
  next(fits: (message: Received) => boolean, within_ms: number): Promise<Received>;
  close(): Promise<void>;
}

export interface EndpointOptions {
  /** What the endpoint answers; 200 with an empty body, which acknowledges, unless said otherwise. */
  readonly answer?: (
    message: Received,
  ) =>
    | { readonly status: number; readonly body?: string }
    | Promise<{ readonly status: number; readonly body?: string }>;
  readonly port?: number;
}

/** The system's own door: only the hub, with a certificate of the authority, comes in. */
export async function openEndpoint(
  identity: Identity,
  { answer = () => ({ status: 200 }), port = 0 }: EndpointOptions = {},
): Promise<ReceivingEndpoint> {
  const received: Received[] = [];
  let waiting: ((message: Received) => void)[] = [];
  const server = createServer(
    {
      cert: identity.certificatePem,
      key: identity.keyPem,
      ca: identity.authorityPem,
      requestCert: true,
      rejectUnauthorized: true,
    },
    (asked, answering) => {
      const chunks: Buffer[] = [];
      asked.on('data', (chunk: Buffer) => chunks.push(chunk));
      asked.on('end', async () => {
        const message = { path: asked.url ?? '/', headers: asked.headers, body: Buffer.concat(chunks), at: Date.now() };
        received.push(message);
        for (const tell of waiting.splice(0)) tell(message);
        const { status, body = '' } = await answer(message);
        answering.writeHead(status, {
          'content-length': Buffer.byteLength(body),
          ...(body !== '' && { 'content-type': 'text/xml' }),
        });
        answering.end(body);
      });
    },
  );
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    next(fits, within_ms) {
      const found = received.find(fits);
      if (found !== undefined) return Promise.resolve(found);
      return new Promise((resolve, reject) => {
        const late = setTimeout(
          () => reject(new Error(`nothing of the kind arrived within ${within_ms} ms`)),
          within_ms,
        );
        const look = (message: Received): void => {
          if (!fits(message)) {
            waiting.push(look);
            return;
          }
          clearTimeout(late);
          resolve(message);
        };
        waiting.push(look);
      });
    },
    close: () =>
      new Promise((resolve) => {
        waiting = [];
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
