/** Makes odd documents from good ones: the form mostly kept, the values not, so that many pass the schema and few a rule. */
import fc from 'fast-check';

const ODD_VALUES = [
  '',
  ' ',
  '0',
  '-1',
  '1e309',
  '99999999999999999999',
  '9990000018',
  '9990000019',
  '20260231',
  '2026-02-31',
  '0000-00-00',
  '9999-12-31T23:59:60Z',
  'null',
  'undefined',
  '__proto__',
  'constructor',
  'ABC/1234',
  'https://fhir.nhs.uk/Id/nhs-number|',
  '||||',
  '../../etc/passwd',
  "O'Hara; drop table records --",
  '<script>alert(1)</script>',
  '&lt;',
  '\u202e\u0000\ufffe',
  '🏥'.repeat(20),
  'x'.repeat(2_000),
];

type Generate = fc.GeneratorValue;

const oddValue = (generate: Generate): string =>
  generate(fc.boolean) ? generate(() => fc.constantFrom(...ODD_VALUES)) : generate(fc.string);

/** One to three of the values replaced, and sometimes a part left out or doubled. Otherwise the document as it is. */
export function oddDocuments(body: string, generate: Generate): string {
  return body.trimStart().startsWith('<') ? oddXml(body, generate) : oddJson(body, generate);
}

/** Values replaced, parameters left out, others added. */
export function oddParameters(
  parameters: Readonly<Record<string, string>>,
  generate: Generate,
): Record<string, string> {
  const odd: Record<string, string> = {};
  for (const [name, value] of Object.entries(parameters)) {
    const fate = generate(fc.nat, { max: 9 });
    if (fate === 0) continue;
    odd[name] = fate < 3 ? oddValue(generate) : value;
  }
  if (generate(fc.boolean))
    odd[generate(() => fc.constantFrom('_count', '_include', 'constructor', 'if-match'))] = oddValue(generate);
  return odd;
}

/** An attribute's value, a run of text, or an empty element. */
const XML_PART =
  /(?<=<[^?!>]*\s(?!xmlns)[\w:]+=")[^"]*(?=")|(?<=[\w"]>)[^<>\s][^<>]*(?=<\/)|<[\w:]+(?: [\w:]+="[^"]*")*\/>/g;

function oddXml(body: string, generate: Generate): string {
  const parts = [...body.matchAll(XML_PART)].filter(([part], index) => index > 0 || !part.includes('xmlns'));
  let odd = body;
  for (const part of chosen(parts, generate).sort((a, b) => b.index - a.index)) {
    const whole = part[0];
    const text = whole.startsWith('<')
      ? generate(() => fc.constantFrom('', whole + whole, whole))
      : escaped(oddValue(generate));
    odd = odd.slice(0, part.index) + text + odd.slice(part.index + whole.length);
  }
  return odd;
}

const escaped = (text: string): string =>
  text
    .replace(/[^\t\n\r\u0020-\ud7ff]/g, '?')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('"', '&quot;');

interface Place {
  readonly holder: Record<string, unknown>;
  readonly name: string;
}

function oddJson(body: string, generate: Generate): string {
  const document: unknown = JSON.parse(body);
  const places: Place[] = [];
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const name of Object.keys(value)) {
      if (name === 'resourceType') continue;
      places.push({ holder: value as Record<string, unknown>, name });
      walk((value as Record<string, unknown>)[name]);
    }
  };
  walk(document);
  for (const { holder, name } of chosen(places, generate)) {
    const value = holder[name];
    if (typeof value === 'string') holder[name] = oddValue(generate);
    else if (typeof value === 'number') holder[name] = generate(() => fc.constantFrom(0, -1, 0.5, 1e300));
    else if (typeof value === 'boolean') holder[name] = !value;
    else if (Array.isArray(value))
      holder[name] = generate(() => fc.constantFrom([], [...value, ...value], value.slice(1)));
    else if (!Array.isArray(holder)) delete holder[name];
  }
  return JSON.stringify(document);
}

function chosen<Part>(parts: readonly Part[], generate: Generate): Part[] {
  if (parts.length === 0) return [];
  const count = generate(fc.nat, { max: 3 });
  const picked = new Set<Part>();
  for (let index = 0; index < count; index++) {
    const part = parts[generate(fc.nat, { max: parts.length - 1 })];
    if (part !== undefined) picked.add(part);
  }
  return [...picked];
}
