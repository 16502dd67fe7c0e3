/** Says in a line or two what an XML answer means, for whoever sent a message by hand; the body itself is shown below it. */
import { XMLParser } from 'fast-xml-parser';

const parser = new XMLParser({
  removeNSPrefix: true,
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  processEntities: false,
  parseTagValue: false,
  isArray: (name) => name === 'Error' || name === 'error' || name === 'fault',
});

/** Undefined for what is no XML, or none that the hub answers with. */
export function summaryOf(contentType: string, body: string): string | undefined {
  if (!/xml/i.test(contentType) || body === '') return undefined;
  const root = objectOf(parser.parse(body));
  const error = objectOf(root['error']);
  if (error['@code'] !== undefined) return `refused: ${text(error['@code'])}, ${text(error['text'])}`;
  const header = objectOf(objectOf(root['Envelope'])['Header']);
  const acknowledged = objectOf(header['Acknowledgment'])['RefToMessageId'];
  if (acknowledged !== undefined) return `kept: the hub acknowledges ${text(acknowledged)}`;
  const listed = listOf(objectOf(header['ErrorList'])['Error']).map(
    (one) => `${text(one['@errorCode'])}: ${text(objectOf(one['Description'])['#text'] ?? one['Description'])}`,
  );
  const fault = objectOf(objectOf(objectOf(objectOf(root['Envelope'])['Body'])['Fault'])['detail']);
  const faults = listOf(objectOf(fault['errorList'])['error']).map((one) => text(one['description']));
  const all = [...listed, ...faults];
  return all.length === 0 ? undefined : `refused: ${all.join('; ')}`;
}

const objectOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};

const listOf = (value: unknown): Readonly<Record<string, unknown>>[] =>
  Array.isArray(value) ? value.map(objectOf) : [];

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
