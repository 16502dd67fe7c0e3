/** Puts libxml2's complaints in the hub's words: where by names and line, what without any value that was sent. */
import type { XmlElement } from '../core/document.ts';
import type { Fault } from '../core/errors.ts';
import type { XmlComplaint } from './libxml.ts';

type Wording = readonly [complaint: RegExp, words: (match: RegExpExecArray) => string];

/** Complaints of the parser. The first row that fits speaks; none of them repeats a name or a value. */
const ILL_FORMED: readonly Wording[] = [
  [/^Opening and ending tag mismatch/, () => 'an end tag that does not match its start tag'],
  [/^(Premature end of data|EndTag: )/, () => 'the document ends inside an element'],
  [/^Extra content at the end/, () => 'content after the root element'],
  [/^(Start tag expected|Document is empty)/, () => 'no root element'],
  [/^Attribute .* redefined/, () => 'an attribute that is there twice'],
  [/^(Namespace prefix|Namespace default prefix)/, () => 'a namespace prefix that is not declared'],
  [/^xmlns|reused for|Failed to parse QName/, () => 'a namespace declaration or a qualified name that is not right'],
  [/^(Entity|EntityRef|PEReference|xmlParseEntityRef)/, () => 'a reference to an entity other than the five of XML'],
  [/CharRef|invalid Char|Invalid char|xmlChar/, () => 'a character that XML cannot carry'],
  [
    /^(AttValue|attributes construct|Specification mandates value)/,
    () => 'an attribute that is not written as name="value"',
  ],
  [/^(Comment|Double hyphen)/, () => 'a comment that holds two hyphens or is not closed'],
  [
    /^(XML declaration|Unsupported version|parsing XML declaration|xmlParseXMLDecl)/,
    () => 'an XML declaration that is not right',
  ],
  [/^(xmlParsePI|PI |ParsePI)/, () => 'a processing instruction that is not right'],
  [/^(Excessive depth|Resource limit)/, () => 'more than the parser takes'],
];

const PLACE = /^Element '[^']*'(?:, attribute '[^']*')?: /.source;

/** Complaints of the schema. What is repeated comes from the schema or is a name, never a value. */
const INVALID: readonly Wording[] = [
  [
    /This element is not expected\.(?: Expected is (?:one of )?\( (.+) \)\.)?$/,
    (m) => withNames('is not expected here', m[1]),
  ],
  [
    /Missing child element\(s\)\.(?: Expected is (?:one of )?\( (.+) \)\.)?$/,
    (m) => withNames('lacks a child element', m[1]),
  ],
  [/No matching global (?:element )?declaration available/, () => 'is not a root element of this schema'],
  [new RegExp(`${PLACE}\\[facet '(\\w+)'\\]`), (m) => FACETS[m[1] ?? ''] ?? `the value does not keep to ${m[1]}`],
  [new RegExp(`${PLACE}The attribute '([^']*)' is required but missing`), (m) => `lacks the attribute ${local(m[1])}`],
  [new RegExp(`${PLACE}The attribute '([^']*)' is not allowed`), () => 'an attribute that the schema does not know'],
  [new RegExp(`${PLACE}Character content`), () => 'text where the schema has none'],
  [new RegExp(`${PLACE}Element content is not allowed`), () => 'elements where the schema has none'],
  [/is not a valid value of the (?:\w+ )*type '([^']*)'\.$/, (m) => `the value is not of type ${local(m[1])}`],
  [/does not match the fixed value constraint/, () => 'the value is not the one that the schema fixes'],
  [
    /(?:key|Key|unique|Unique|Duplicate key-sequence|No match found for key)/,
    () => 'a key that is missing or there twice',
  ],
];

const FACETS: Readonly<Record<string, string>> = {
  pattern: 'the value does not have its form',
  enumeration: 'the value is not one of those allowed',
  length: 'the value has the wrong length',
  minLength: 'the value is too short',
  maxLength: 'the value is too long',
  minInclusive: 'the value is too small',
  minExclusive: 'the value is too small',
  maxInclusive: 'the value is too large',
  maxExclusive: 'the value is too large',
  totalDigits: 'the value has too many digits',
  fractionDigits: 'the value has too many decimals',
};

const local = (name: string | undefined): string => (name ?? '').replace(/^\{[^}]*\}/, '').replace(/^xs:/, '');

/** At most eight of the names that the schema expected; they are the schema's own. */
function withNames(words: string, expected: string | undefined): string {
  if (expected === undefined) return words;
  const names = expected.split(', ').map((name) => name.replace(/\{[^}]*\}/, ''));
  return `${words}; expected: ${names.slice(0, 8).join(', ')}${names.length > 8 ? ' ...' : ''}`;
}

function word(message: string, table: readonly Wording[], otherwise: string): string {
  for (const [complaint, words] of table) {
    const match = complaint.exec(message);
    if (match) return words(match);
  }
  return otherwise;
}

/** The first complaint alone: whatever the parser says after it follows from it. */
export function illFormedFaults(complaints: readonly XmlComplaint[]): Fault[] {
  const [first] = complaints;
  if (!first) return [{ what: 'the markup is broken' }];
  return [
    {
      ...(first.line > 0 && { line: first.line }),
      what: word(first.message.trim(), ILL_FORMED, 'the markup is broken'),
    },
  ];
}

/** One fault for each place; `root` is the tree of the same document, and lends the paths their names. */
export function invalidFaults(complaints: readonly XmlComplaint[], root: XmlElement): Fault[] {
  const faults = new Map<string, Fault>();
  for (const { message, line, path } of complaints) {
    const named = nameSteps(path ?? '/*', root, UNKNOWN_NAME.test(message));
    const key = `${line} ${named}`;
    if (faults.has(key)) continue;
    faults.set(key, {
      path: named,
      ...(line > 0 && { line }),
      what: word(message.trim(), INVALID, 'does not keep to the schema'),
    });
  }
  return [...faults.values()];
}

/** Complaints of an element whose very name is the sender's and not the schema's. */
const UNKNOWN_NAME = /This element is not expected|No matching global/;

/**
 * `/*` + `/*[3]` with the names of the tree: `/plans/plan[3]`, a number only where a name is there more than once. Every
 * element above the one complained of has passed the schema, so its name is the schema's; an unknown one stays `*`.
 */
function nameSteps(path: string, root: XmlElement, unknown: boolean): string {
  const document: XmlElement = { name: '', namespace: '', attributes: {}, children: [root], text: '' };
  let parent = document;
  let named = '';
  const steps = path.split('/').slice(1);
  for (const [index, step] of steps.entries()) {
    const [, name, number] = /^(?:[^:[\]]+:)?([^:[\]]+)(?:\[(\d+)\])?$/.exec(step) ?? [];
    const candidates = name === '*' ? parent.children : parent.children.filter((candidate) => candidate.name === name);
    const found = candidates[Number(number ?? 1) - 1];
    if (!found) break;
    const same = parent.children.filter((candidate) => candidate.name === found.name);
    if (unknown && index === steps.length - 1) return `${named}/*[${parent.children.indexOf(found) + 1}]`;
    named += `/${found.name.slice(0, 64)}${same.length > 1 ? `[${same.indexOf(found) + 1}]` : ''}`;
    parent = found;
  }
  return named;
}
