/** Parses JSON from outside: strict UTF-8, no name twice in one object, limits before the parser recurses. */
import { isUtf8 } from 'node:buffer';
import { HubError } from '../core/errors.ts';
import { firstJsonFault, type JsonFault } from './json-faults.ts';
import type { DocumentLimits } from './limits.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * The value of a JSON text (RFC 8259). A byte order mark is stepped over (8.1: a parser may ignore it). Refused: a name
 * that is twice in one object, the name `__proto__`, a lone surrogate and U+0000 (neither can be kept by every store).
 * Throws HubError BODY_MISSING, BODY_TOO_LARGE, DOCUMENT_LIMIT, or JSON_ILL_FORMED whose fault says line and column.
 */
export function parseJson(document: Uint8Array, limits: DocumentLimits): unknown {
  if (document.length > limits.bytes) throw new HubError('BODY_TOO_LARGE', { limit_bytes: limits.bytes });
  if (!isUtf8(document)) throw new HubError('JSON_ILL_FORMED', { faults: [{ what: 'bytes that are not UTF-8' }] });
  const text = decode(document);
  if (text.trim() === '') throw new HubError('BODY_MISSING');
  const names = survey(text, limits);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw illFormed(text, firstJsonFault(text) ?? { offset: 0, what: 'the text cannot be read' });
  }
  if (countNames(value) !== names) {
    throw illFormed(text, firstJsonFault(text) ?? { offset: 0, what: 'a name that is there twice' });
  }
  return value;
}

/** The value of a JSON text that `parseJson` has accepted before. */
export function parseCheckedJson(document: Uint8Array): unknown {
  return JSON.parse(decode(document));
}

function decode(document: Uint8Array): string {
  const text = Buffer.from(document.buffer, document.byteOffset, document.byteLength).toString('utf8');
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/**
 * One pass outside the strings: enforces the limits and counts the names, which JSON.parse would silently merge. What is
 * not JSON at all is left to JSON.parse.
 */
function survey(text: string, limits: DocumentLimits): number {
  const length = text.length;
  let names = 0;
  let values = 1;
  let depth = 0;
  for (let at = 0; at < length; at++) {
    const character = text.charCodeAt(at);
    switch (character) {
      case QUOTE: {
        const start = at;
        let inside = text.charCodeAt(++at);
        while (inside !== QUOTE && at < length) {
          if (inside === BACKSLASH) at = afterEscape(text, at);
          else at++;
          inside = text.charCodeAt(at);
        }
        if (at - start > limits.text_bytes) throw limit(text, start, `a string longer than ${limits.text_bytes}`);
        break;
      }
      case COLON:
        names++;
        break;
      case COMMA:
        if (++values > limits.values) throw limit(text, at, `more than ${limits.values} values`);
        break;
      case OPEN_OBJECT:
      case OPEN_ARRAY:
        values++;
        if (++depth > limits.depth) throw limit(text, at, `arrays and objects nested deeper than ${limits.depth}`);
        break;
      case CLOSE_OBJECT:
      case CLOSE_ARRAY:
        depth--;
        break;
    }
  }
  return names;
}

/** RFC 8259, 8.2 warns of surrogates without their other half. */
function afterEscape(text: string, at: number): number {
  return text.charCodeAt(at + 1) === 0x75 ? afterUnicodeEscape(text, at) : at + 2;
}

/** Steps over `\uXXXX`, or a pair of them. */
function afterUnicodeEscape(text: string, at: number): number {
  const code = Number.parseInt(text.slice(at + 2, at + 6), 16);
  if (code === 0) throw illFormed(text, { offset: at, what: 'the character U+0000' });
  if (code < 0xd800 || code > 0xdfff || Number.isNaN(code)) return at + 6;
  const low = text.startsWith('\\u', at + 6) ? Number.parseInt(text.slice(at + 8, at + 12), 16) : 0;
  if (code > 0xdbff || !(low >= 0xdc00 && low <= 0xdfff)) {
    throw illFormed(text, { offset: at, what: 'half of a surrogate pair' });
  }
  return at + 12;
}

/** How many names the parsed value holds; not a number where one is `__proto__`. Depth is limited before. */
function countNames(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object' && item !== null) count += countNames(item);
    return count;
  }
  const object = value as Record<string, unknown>;
  for (const name in object) {
    if (name === '__proto__') return Number.NaN;
    count++;
    const member = object[name];
    if (typeof member === 'object' && member !== null) count += countNames(member);
  }
  return count;
}

function place(text: string, offset: number): string {
  const before = text.slice(0, offset);
  return `column ${offset - before.lastIndexOf('\n')}`;
}

const lineOf = (text: string, offset: number): number => text.slice(0, offset).split('\n').length;

const illFormed = (text: string, { offset, what }: JsonFault): HubError =>
  new HubError('JSON_ILL_FORMED', {
    faults: [{ line: lineOf(text, offset), what: `${what}, at ${place(text, offset)}` }],
  });

const limit = (text: string, offset: number, what: string): HubError =>
  new HubError('DOCUMENT_LIMIT', {
    faults: [{ line: lineOf(text, offset), what: `${what}, at ${place(text, offset)}` }],
  });
