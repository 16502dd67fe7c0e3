/** Makes a tree of a document that libxml2 has already accepted: a tokenizer that trusts, and therefore is quick. */
import type { XmlElement } from '../core/document.ts';

const TAB = 0x09;
const LINE_FEED = 0x0a;
const SPACE = 0x20;
const BANG = 0x21;
const DOUBLE_QUOTE = 0x22;
const AMPERSAND = 0x26;
const SINGLE_QUOTE = 0x27;
const DASH = 0x2d;
const SLASH = 0x2f;
const COLON = 0x3a;
const EQUALS = 0x3d;
const GREATER_THAN = 0x3e;
const QUESTION = 0x3f;

const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace';
const NO_CHILDREN: XmlElement[] = [];
Object.freeze(NO_CHILDREN);

/** Objects without any inherited name, so that an attribute `constructor` is only there when it was sent. */
class Attributes {
  [name: string]: string;
}
Object.setPrototypeOf(Attributes.prototype, null);
Reflect.deleteProperty(Attributes.prototype, 'constructor');
const NO_ATTRIBUTES = Object.freeze(new Attributes());

interface Building extends XmlElement {
  children: XmlElement[];
  text: string;
}

interface Frame {
  readonly element: Building;
  readonly defaultNamespace: string;
  /** How many bindings were in force before this element's own. */
  readonly bindings: number;
}

/**
 * The root of a well-formed document in UTF-8 without a document type, as libxml2 would read it: namespaces resolved
 * (Namespaces in XML 1.0), line ends and attribute values normalized (XML 1.0, 2.11 and 3.3.3). Throws Error on bytes
 * that no parser has accepted, where it notices. Takes no stack, however deep the document.
 */
export function parseCheckedXml(bytes: Uint8Array): XmlElement {
  let text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
  if (text.charCodeAt(0) === 0xfeff) text = text.slice(1);
  if (text.includes('\r')) text = text.replace(/\r\n?/g, '\n');
  return tokenize(text);
}

function tokenize(text: string): XmlElement {
  const length = text.length;
  const references = text.includes('&');
  const prefixes = new Map<string, string>([['xml', XML_NAMESPACE]]);
  /** What each binding replaced, to be put back at the end tag: prefix, former namespace, prefix ... */
  const undo: (string | undefined)[] = [];
  const frames: Frame[] = [];
  let frame: Frame | undefined;
  let defaultNamespace = '';
  let at = 0;

  while (at < length) {
    const textStart = at;
    at = text.indexOf('<', at);
    if (at === -1) break;
    if (frame && at > textStart) {
      const run = text.slice(textStart, at);
      append(frame.element, references && run.includes('&') ? resolve(run) : run);
    }
    const next = text.charCodeAt(at + 1);

    if (next === SLASH) {
      at = end(text, '>', at);
      if (!frame) throw unchecked();
      const closed = frame;
      restore(prefixes, undo, closed.bindings);
      frame = frames.pop();
      if (!frame) return closed.element;
      defaultNamespace = frame.defaultNamespace;
      continue;
    }
    if (next === BANG) {
      if (text.charCodeAt(at + 2) === DASH) {
        at = end(text, '-->', at + 4);
      } else {
        const from = at + '<![CDATA['.length;
        at = end(text, ']]>', from);
        if (frame) append(frame.element, text.slice(from, at - 3));
      }
      continue;
    }
    if (next === QUESTION) {
      at = end(text, '?>', at + 2);
      continue;
    }

    const bindings = undo.length;
    const outerDefault = defaultNamespace;
    const nameStart = ++at;
    let colon = -1;
    let character = text.charCodeAt(at);
    while (character > SPACE && character !== GREATER_THAN && character !== SLASH) {
      if (character === COLON) colon = at;
      character = text.charCodeAt(++at);
    }
    const nameEnd = at;
    let attributes: Record<string, string> | undefined;
    let prefixed: string[] | undefined;

    while (character !== GREATER_THAN && character !== SLASH) {
      if (character <= SPACE) {
        character = text.charCodeAt(++at);
        continue;
      }
      const from = at;
      let separator = -1;
      while (character > SPACE && character !== EQUALS) {
        if (character === COLON) separator = at;
        character = text.charCodeAt(++at);
      }
      const to = at;
      while (character !== DOUBLE_QUOTE && character !== SINGLE_QUOTE) {
        if (at >= length) throw unchecked();
        character = text.charCodeAt(++at);
      }
      const quote = character;
      const valueStart = ++at;
      let plain = true;
      character = text.charCodeAt(at);
      while (character !== quote) {
        if (character === AMPERSAND || character === LINE_FEED || character === TAB) plain = false;
        else if (at >= length) throw unchecked();
        character = text.charCodeAt(++at);
      }
      const raw = text.slice(valueStart, at);
      const value = plain ? raw : normalize(raw);
      character = text.charCodeAt(++at);

      if (separator === -1) {
        const name = text.slice(from, to);
        if (name === 'xmlns') {
          defaultNamespace = value;
        } else {
          attributes ??= new Attributes();
          attributes[name] = value;
        }
      } else {
        const prefix = text.slice(from, separator);
        const name = text.slice(separator + 1, to);
        if (prefix === 'xmlns') {
          undo.push(name, prefixes.get(name));
          prefixes.set(name, value);
        } else {
          prefixed ??= [];
          prefixed.push(prefix, name, value);
        }
      }
    }

    if (prefixed) {
      attributes ??= new Attributes();
      for (let i = 0; i < prefixed.length; i += 3) {
        attributes[`{${prefixes.get(prefixed[i] as string) ?? ''}}${prefixed[i + 1]}`] = prefixed[i + 2] as string;
      }
    }
    const element: Building = {
      name: text.slice(colon === -1 ? nameStart : colon + 1, nameEnd),
      namespace: colon === -1 ? defaultNamespace : (prefixes.get(text.slice(nameStart, colon)) ?? ''),
      attributes: attributes ?? NO_ATTRIBUTES,
      children: NO_CHILDREN,
      text: '',
    };
    if (frame) {
      const parent: Building = frame.element;
      if (parent.children === NO_CHILDREN) parent.children = [element];
      else parent.children.push(element);
    }
    if (character === SLASH) {
      at += 2;
      restore(prefixes, undo, bindings);
      if (!frame) return element;
      defaultNamespace = outerDefault;
    } else {
      at++;
      if (frame) frames.push(frame);
      frame = { element, defaultNamespace, bindings };
    }
  }
  throw unchecked();
}

function append(element: Building, run: string): void {
  element.text = element.text === '' ? run : element.text + run;
}

function restore(prefixes: Map<string, string>, undo: (string | undefined)[], to: number): void {
  while (undo.length > to) {
    const former = undo.pop();
    const prefix = undo.pop() as string;
    if (former === undefined) prefixes.delete(prefix);
    else prefixes.set(prefix, former);
  }
}

function end(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from);
  if (found === -1) throw unchecked();
  return found + mark.length;
}

const NAMED: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function reference(whole: string, body: string): string {
  if (body.charCodeAt(0) !== 0x23) return NAMED[body] ?? whole;
  const hexadecimal = body.charCodeAt(1) === 0x78;
  return String.fromCodePoint(hexadecimal ? Number.parseInt(body.slice(2), 16) : Number.parseInt(body.slice(1), 10));
}

const resolve = (run: string): string => run.replace(/&([^;]+);/g, reference);

/** XML 1.0, 3.3.3: a literal tab or line end becomes a space, one written as a reference stays. */
const normalize = (value: string): string =>
  value.replace(/[\t\n]|&([^;]+);/g, (whole, body: string | undefined) =>
    body === undefined ? ' ' : reference(whole, body),
  );

const unchecked = (): Error => new Error('parseCheckedXml was given bytes that no parser has accepted');
