/** Times, dates and signatures as HL7v3 writes them in this service. */
import type { Instant } from '../../core/clock.ts';
import type { XmlElement } from '../../core/document.ts';
import { parseHl7Time } from '../../schemas/hl7v3-time.ts';
import { escapeXml } from '../../schemas/xml-read.ts';
import { dateOf } from './dates.ts';
import type { DateText } from './model.ts';
import { unreadable } from './reading.ts';

/** `YYYYMMDDHHMMSS`, which this service writes in UTC; a date alone is its midnight. */
export function instantOf(text: string, path: string): Instant {
  return parseHl7Time(text.length === 8 ? `${text}000000` : text) ?? unreadable('9006', path);
}

/** The day of `YYYYMMDD`, a time after it ignored. */
export const dayOf = (text: string, path: string): DateText => dateOf(instantOf(text.slice(0, 8), path));

/**
 * The signature as one line of XML. White space between its elements is layout that a sender's software adds: the
 * signed form has none.
 */
export function signatureText(element: XmlElement, within = ''): string {
  const attributes = Object.entries(element.attributes).map(([name, value]) => ` ${name}="${escapeXml(value)}"`);
  const namespace = element.namespace === within ? '' : ` xmlns="${escapeXml(element.namespace)}"`;
  const content =
    element.children.length > 0
      ? element.children.map((inner) => signatureText(inner, element.namespace)).join('')
      : escapeXml(element.text.trim());
  return `<${element.name}${namespace}${attributes.join('')}>${content}</${element.name}>`;
}
