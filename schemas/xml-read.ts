/** Small readers for checked XML, which throw nothing, and the one escape that writers of XML need. */
import type { XmlElement } from '../core/document.ts';

/** The first child with this local name. */
export function child(element: XmlElement | undefined, name: string): XmlElement | undefined {
  if (!element) return undefined;
  for (const candidate of element.children) if (candidate.name === name) return candidate;
  return undefined;
}

/** All children with this local name, in order. */
export function children(element: XmlElement | undefined, name: string): readonly XmlElement[] {
  return element ? element.children.filter((candidate) => candidate.name === name) : [];
}

/** Follows the first child of each name: `at(root, 'ControlActEvent/subject')`. */
export function at(element: XmlElement | undefined, path: string): XmlElement | undefined {
  let found = element;
  for (const name of path.split('/')) found = child(found, name);
  return found;
}

/** The value of an attribute: `root`, or `{namespace}name` for one in a namespace. */
export function attribute(element: XmlElement | undefined, name: string): string | undefined {
  return element && Object.hasOwn(element.attributes, name) ? element.attributes[name] : undefined;
}

/** Character data directly inside, without the white space around it; undefined where there is none. */
export function textOf(element: XmlElement | undefined): string | undefined {
  return element?.text.trim() || undefined;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

// XML 1.0, 2.2: what is not a Char cannot be written in any form; a reader sees U+FFFD where it stood.
const TO_ESCAPE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that XML cannot carry
  /[&<>"'\u0000-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Text that is safe as element content and in an attribute, and is read back unchanged. */
export function escapeXml(text: string): string {
  return text.replace(TO_ESCAPE, (character) => ESCAPES[character] ?? '\ufffd');
}
