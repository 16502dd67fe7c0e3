/** One cheap pass over the bytes of an XML document that stops attacks on the parser before the parser sees them. */
import { isUtf8 } from 'node:buffer';
import { HubError } from '../core/errors.ts';
import type { DocumentLimits } from './limits.ts';

const LESS_THAN = 0x3c;
const GREATER_THAN = 0x3e;
const SLASH = 0x2f;
const BANG = 0x21;
const QUESTION = 0x3f;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;

/**
 * Gives the document without its byte order mark. Throws HubError BODY_MISSING, BODY_TOO_LARGE, XML_DOCTYPE,
 * DOCUMENT_LIMIT, or XML_ILL_FORMED for another encoding than UTF-8 and for markup that never ends.
 * Up to the first fault this reads markup exactly as XML 1.0 does, so nothing the parser would count is missed.
 */
export function scanXml(document: Uint8Array, limits: DocumentLimits): Uint8Array {
  if (document.length === 0) throw new HubError('BODY_MISSING');
  if (document.length > limits.bytes) throw new HubError('BODY_TOO_LARGE', { limit_bytes: limits.bytes });
  checkEncoding(document);
  const bytes = document[0] === 0xef && document[1] === 0xbb && document[2] === 0xbf ? document.subarray(3) : document;
  checkDeclaration(bytes);
  checkMarkup(bytes, limits);
  return bytes;
}

function checkEncoding(bytes: Uint8Array): void {
  const [first, second] = bytes;
  const marked = (first === 0xfe && second === 0xff) || (first === 0xff && second === 0xfe);
  if (marked || bytes.includes(0)) throw illFormed('a NUL byte or another encoding than UTF-8, such as UTF-16', 1);
  if (!isUtf8(bytes)) throw illFormed('bytes that are not UTF-8');
}

/** XML 1.0, 4.3.3: the encoding that the declaration names; the hub takes UTF-8 alone. */
function checkDeclaration(bytes: Uint8Array): void {
  if (bytes[0] !== LESS_THAN || bytes[1] !== QUESTION) return;
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 256)).toString('latin1');
  const declaration = /^<\?xml\s[^>]*?\bencoding\s*=\s*["']([^"']*)["']/.exec(head);
  if (declaration && !/^utf-?8$/i.test(declaration[1] ?? '')) {
    throw illFormed('the XML declaration names another encoding than UTF-8', 1);
  }
}

/** Reads the bytes as Latin-1, one character a byte: every mark of XML is ASCII, and strings are quicker to search. */
function checkMarkup(bytes: Uint8Array, limits: DocumentLimits): void {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  let depth = 0;
  let elements = 0;
  let attributes = 0;
  let at = 0;
  while (true) {
    const textStart = at;
    at = text.indexOf('<', at);
    const textEnd = at === -1 ? text.length : at;
    if (textEnd - textStart > limits.text_bytes) {
      throw limit(text, textStart, `text longer than ${limits.text_bytes} bytes`);
    }
    if (at === -1) return;
    const start = at;
    const next = text.charCodeAt(at + 1);
    if (next === SLASH) {
      if (--depth < 0) throw illFormed('an end tag without a start tag', lineOf(text, at));
      at = after(text, '>', at + 2, start);
    } else if (next === BANG) {
      at = skipDeclaration(text, start, limits);
    } else if (next === QUESTION) {
      at = after(text, '?>', at + 2, start);
    } else {
      if (++elements > limits.values) throw limit(text, start, `more than ${limits.values} elements`);
      let own = 0;
      let character = text.charCodeAt(++at);
      while (character !== GREATER_THAN) {
        if (character === DOUBLE_QUOTE || character === SINGLE_QUOTE) {
          const closed = after(text, character === DOUBLE_QUOTE ? '"' : "'", at + 1, start);
          if (closed - at > limits.text_bytes) {
            throw limit(text, at, `an attribute longer than ${limits.text_bytes} bytes`);
          }
          if (++own > limits.attributesPerElement) {
            throw limit(text, start, `more than ${limits.attributesPerElement} attributes on one element`);
          }
          at = closed - 1;
        } else if (character === LESS_THAN) {
          throw illFormed('a tag that is not closed', lineOf(text, start));
        }
        if (++at >= text.length) throw illFormed('a tag that is not closed', lineOf(text, start));
        character = text.charCodeAt(at);
      }
      attributes += own;
      if (attributes > limits.attributes) throw limit(text, start, `more than ${limits.attributes} attributes`);
      if (text.charCodeAt(at - 1) !== SLASH && ++depth > limits.depth) {
        throw limit(text, start, `elements nested deeper than ${limits.depth}`);
      }
      at++;
    }
  }
}

/** Steps over a comment or a CDATA section; anything else that begins with `<!` belongs to a document type. */
function skipDeclaration(text: string, start: number, limits: DocumentLimits): number {
  if (text.startsWith('<!--', start)) return after(text, '-->', start + 4, start);
  if (text.startsWith('<![CDATA[', start)) {
    const next = after(text, ']]>', start + 9, start);
    if (next - start > limits.text_bytes) throw limit(text, start, `text longer than ${limits.text_bytes} bytes`);
    return next;
  }
  throw new HubError('XML_DOCTYPE', {
    faults: [{ line: lineOf(text, start), what: 'a document type or markup declaration' }],
  });
}

function after(text: string, mark: string, from: number, start: number): number {
  const found = text.indexOf(mark, from);
  if (found === -1) throw illFormed('markup that is not closed', lineOf(text, start));
  return found + mark.length;
}

function lineOf(text: string, offset: number): number {
  let line = 1;
  for (let i = text.indexOf('\n'); i !== -1 && i < offset; i = text.indexOf('\n', i + 1)) line++;
  return line;
}

const illFormed = (what: string, line?: number): HubError =>
  new HubError('XML_ILL_FORMED', { faults: [{ ...(line !== undefined && { line }), what }] });

const limit = (text: string, offset: number, what: string): HubError =>
  new HubError('DOCUMENT_LIMIT', { faults: [{ line: lineOf(text, offset), what }] });
