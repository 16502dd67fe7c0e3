/** Takes a multipart/related body apart and puts one together, on bytes: digests and lengths depend on every one of them. */
import { HubError } from '../../core/errors.ts';
import { readContentType } from './content-type.ts';
import { decodeTransfer } from './transfer-encoding.ts';

export interface MimePart {
  /** Without its angle brackets; empty where the part has none. */
  readonly contentId: string;
  /** As the part says it; `text/plain` where it says nothing (RFC 2045, 5.2). */
  readonly contentType: string;
  /** By lower-case name, unfolded. */
  readonly headers: ReadonlyMap<string, string>;
  /** Decoded from its transfer encoding; for 7bit, 8bit and binary a view of the message's own bytes. */
  readonly body: Buffer;
}

const LIMITS = { parts: 100, headerBytes: 8_192, headerLines: 32, boundaryLength: 70 } as const;

const CR = 13;
const LF = 10;
const HYPHEN = 45;
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/;
const CONTENT_HEADERS = new Set(['content-id', 'content-type', 'content-transfer-encoding']);

const broken = (path: string, what: string): HubError => new HubError('MULTIPART_BROKEN', { faults: [{ path, what }] });

/**
 * The parts of a multipart/related body, the root first: the one that `start` names, else the first.
 * The boundary is the header's and never guessed from the body; it may itself begin with hyphens. Lines may end in LF
 * or CRLF; preamble and epilogue are ignored.
 * Source: RFC 2046, 5.1; RFC 2387.
 * @throws HubError CONTENT_TYPE_UNSUPPORTED for another media type; MULTIPART_BROKEN with a fault that says where.
 */
export function readMultipart(contentType: string, body: Uint8Array): MimePart[] {
  const header = readContentType(contentType);
  if (!header) throw broken('Content-Type', 'the header is not of the form type/subtype; name=value');
  if (header.mediaType !== 'multipart/related') throw new HubError('CONTENT_TYPE_UNSUPPORTED');
  const boundary = header.parameters.get('boundary') ?? '';
  if (!boundary || boundary.length > LIMITS.boundaryLength)
    throw broken('Content-Type', 'boundary is missing, empty or longer than 70 characters');
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const parts = split(bytes, `--${boundary}`).map(readPart);
  return rootFirst(parts, header.parameters.get('start'));
}

/**
 * The parts of an ebXML message, the SOAP envelope first: a multipart/related, or a bare envelope as text/xml or
 * application/xml, which is how acknowledgments and errors often come.
 * @throws HubError as readMultipart does.
 */
export function readEbxmlParts(contentType: string, body: Uint8Array): MimePart[] {
  const mediaType = readContentType(contentType)?.mediaType;
  if (mediaType !== 'text/xml' && mediaType !== 'application/xml') return readMultipart(contentType, body);
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return [{ contentId: '', contentType, headers: new Map([['content-type', contentType]]), body: bytes }];
}

/** The content id that a `cid:` reference, a `start` parameter or a Content-Id header names. */
export const bareContentId = (text: string): string => text.trim().replace(/^<(.*)>$/, '$1');

function rootFirst(parts: MimePart[], start: string | undefined): MimePart[] {
  if (start === undefined) return parts;
  const named = parts.findIndex((part) => part.contentId === bareContentId(start));
  const root = parts[named];
  if (!root) throw broken('Content-Type', 'start names no part of the body');
  return named === 0 ? parts : [root, ...parts.filter((part) => part !== root)];
}

/** The bytes between delimiter lines; the line end before a delimiter belongs to the delimiter. */
function split(bytes: Buffer, delimiter: string): Buffer[] {
  const slices: Buffer[] = [];
  let partStart = -1;
  let from = 0;
  for (;;) {
    const at = bytes.indexOf(delimiter, from, 'latin1');
    if (at < 0) break;
    const line = delimiterLine(bytes, at, at + delimiter.length);
    from = line.kind === 'text' ? at + 1 : line.next;
    if (line.kind === 'text') continue;
    if (partStart >= 0) slices.push(bytes.subarray(partStart, Math.max(partStart, lineEndBefore(bytes, at))));
    if (slices.length > LIMITS.parts) throw broken('body', `more than ${LIMITS.parts} parts`);
    if (line.kind === 'close') {
      if (slices.length === 0) throw broken('body', 'the closing delimiter comes before any part');
      return slices;
    }
    partStart = line.next;
  }
  throw broken(
    'body',
    partStart < 0 ? 'no delimiter line of the boundary' : `no closing delimiter after part ${slices.length + 1}`,
  );
}

type DelimiterLine = { readonly kind: 'part' | 'close'; readonly next: number } | { readonly kind: 'text' };

/** What stands at `at`: a delimiter begins a line and nothing but white space follows it there. */
function delimiterLine(bytes: Buffer, at: number, end: number): DelimiterLine {
  if (at > 0 && bytes[at - 1] !== LF) return { kind: 'text' };
  const close = bytes[end] === HYPHEN && bytes[end + 1] === HYPHEN;
  let next = close ? end + 2 : end;
  while (bytes[next] === 32 || bytes[next] === 9) next++;
  if (next >= bytes.length) return close ? { kind: 'close', next } : { kind: 'text' };
  if (bytes[next] === CR && bytes[next + 1] === LF) next++;
  else if (bytes[next] !== LF) return { kind: 'text' };
  return { kind: close ? 'close' : 'part', next: next + 1 };
}

function lineEndBefore(bytes: Buffer, at: number): number {
  return bytes[at - 2] === CR ? at - 2 : at - 1;
}

function readPart(slice: Buffer, index: number): MimePart {
  const path = `part[${index + 1}]`;
  const { head, body } = headAndBody(slice, path);
  const headers = readHeaders(head, path);
  return {
    contentId: bareContentId(headers.get('content-id') ?? ''),
    contentType: headers.get('content-type') ?? 'text/plain',
    headers,
    body: decodeTransfer(headers.get('content-transfer-encoding'), body, path),
  };
}

function headAndBody(slice: Buffer, path: string): { head: string; body: Buffer } {
  const bare = /^\r?\n/.exec(slice.toString('latin1', 0, 2));
  if (bare) return { head: '', body: slice.subarray(bare[0].length) };
  const start = slice.subarray(0, LIMITS.headerBytes + 4);
  const lf = start.indexOf('\n\n');
  const crlf = start.subarray(0, lf < 0 ? start.length : lf + 1).indexOf('\n\r\n');
  const end = crlf < 0 ? lf : crlf;
  if (end < 0) {
    throw slice.length > LIMITS.headerBytes
      ? broken(path, `headers longer than ${LIMITS.headerBytes} bytes`)
      : broken(path, 'no blank line between headers and content');
  }
  return { head: start.toString('latin1', 0, end), body: slice.subarray(end + (crlf < 0 ? 2 : 3)) };
}

function readHeaders(head: string, path: string): Map<string, string> {
  const headers = new Map<string, string>();
  if (head === '') return headers;
  const lines = unfold(head).split('\n');
  if (lines.length > LIMITS.headerLines) throw broken(path, `more than ${LIMITS.headerLines} headers`);
  for (const line of lines) {
    const colon = line.indexOf(':');
    const key = line.slice(0, Math.max(colon, 0)).trimEnd().toLowerCase();
    if (!HEADER_NAME.test(key)) throw broken(path, 'a header line is not of the form name: value');
    if (headers.has(key) && CONTENT_HEADERS.has(key)) throw broken(path, `${key} is given twice`);
    headers.set(key, line.slice(colon + 1).trim());
  }
  return headers;
}

/** A line that begins with white space goes on with the one before (RFC 5322, 2.2.3). */
const unfold = (head: string): string => (/\n[ \t]/.test(head) ? head.replace(/\r?\n[ \t]+/g, ' ') : head);

export interface PartToWrite {
  readonly contentId: string;
  readonly contentType: string;
  readonly body: string | Uint8Array;
}

/**
 * A multipart/related message with CRLF line ends, 8bit parts, the first of them the root. Contents are taken as they
 * are; the boundary is lengthened until no content holds it, so the same parts always give the same bytes.
 */
export function writeMultipart(
  parts: readonly [PartToWrite, ...PartToWrite[]],
  wanted = '--=_MIME-Boundary',
): { readonly contentType: string; readonly body: Buffer } {
  let boundary = wanted;
  while (parts.some(({ body }) => holds(body, boundary))) boundary += '_';
  const pieces: (string | Uint8Array)[] = [];
  for (const part of parts) {
    const head =
      `${pieces.length ? '\r\n' : ''}--${boundary}\r\nContent-Id: <${part.contentId}>\r\n` +
      `Content-Type: ${part.contentType}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n`;
    if (typeof part.body === 'string') pieces.push(head + part.body);
    else pieces.push(head, part.body);
  }
  pieces.push(`\r\n--${boundary}--\r\n`);
  return {
    contentType: `multipart/related; boundary="${boundary}"; type="text/xml"; start="<${parts[0].contentId}>"`,
    body: join(pieces),
  };
}

const holds = (body: string | Uint8Array, boundary: string): boolean =>
  typeof body === 'string'
    ? body.includes(boundary)
    : Buffer.from(body.buffer, body.byteOffset, body.byteLength).includes(boundary);

const join = (pieces: readonly (string | Uint8Array)[]): Buffer =>
  pieces.every((piece) => typeof piece === 'string')
    ? Buffer.from(pieces.join(''), 'utf8')
    : Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece, 'utf8') : piece)));
