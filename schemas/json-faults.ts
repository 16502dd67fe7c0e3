/** Finds where a text stops being acceptable JSON; only run on texts that are refused, so it may take its time. */

export interface JsonFault {
  readonly offset: number;
  readonly what: string;
}

type Expecting = 'value' | 'first-value' | 'first-name' | 'name' | 'colon' | 'after-value' | 'end';

interface Container {
  readonly kind: 'array' | 'object';
  readonly names: Set<string>;
}

const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.+-])/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const MARKS = '{}[],:';

/** What comes next, or what is wrong; undefined where another token was due. */
type Step = Expecting | { readonly what: string } | undefined;

interface Token {
  readonly kind: 'mark' | 'string' | 'scalar';
  readonly text: string;
}

/** The first fault against RFC 8259, or the first name that is twice in its object or is `__proto__`. */
export function firstJsonFault(text: string): JsonFault | undefined {
  const open: Container[] = [];
  let expecting: Expecting = 'value';
  let at = skipSpace(text, 0);
  while (at < text.length) {
    const token = tokenAt(text, at);
    const next: Step = token && step(open, expecting, token);
    if (!token || next === undefined) return { offset: at, what: `something else than ${EXPECTED[expecting]}` };
    if (typeof next !== 'string') return { offset: at, what: next.what };
    expecting = next;
    at = skipSpace(text, at + token.text.length);
  }
  if (expecting === 'end') return undefined;
  return { offset: at, what: `the text ends where there should be ${EXPECTED[expecting]}` };
}

function tokenAt(text: string, at: number): Token | undefined {
  const first = text.charAt(at);
  if (MARKS.includes(first)) return { kind: 'mark', text: first };
  if (first === '"') {
    const end = endOfString(text, at);
    return end === undefined ? undefined : { kind: 'string', text: text.slice(at, end) };
  }
  SCALAR.lastIndex = at;
  const [scalar] = SCALAR.exec(text) ?? [];
  return scalar === undefined ? undefined : { kind: 'scalar', text: scalar };
}

/** The offset after the closing quote, or undefined for a string that RFC 8259, 7 does not allow. */
function endOfString(text: string, start: number): number | undefined {
  let at = start + 1;
  while (at < text.length) {
    const character = text.charCodeAt(at);
    if (character === 0x22) return at + 1;
    if (character < 0x20) return undefined;
    if (character === 0x5c) {
      ESCAPE.lastIndex = at;
      if (!ESCAPE.test(text)) return undefined;
      at = ESCAPE.lastIndex;
    } else {
      at++;
    }
  }
  return undefined;
}

function step(open: Container[], expecting: Expecting, token: Token): Step {
  const inside = open.at(-1);
  const closed = (): Expecting => {
    open.pop();
    return open.length === 0 ? 'end' : 'after-value';
  };
  switch (expecting) {
    case 'value':
    case 'first-value':
      if (token.text === '{') {
        open.push({ kind: 'object', names: new Set() });
        return 'first-name';
      }
      if (token.text === '[') {
        open.push({ kind: 'array', names: new Set() });
        return 'first-value';
      }
      if (token.text === ']' && expecting === 'first-value') return closed();
      if (token.kind === 'mark') return undefined;
      return inside ? 'after-value' : 'end';
    case 'first-name':
    case 'name': {
      if (token.text === '}' && expecting === 'first-name') return closed();
      if (token.kind !== 'string' || !inside) return undefined;
      const name = token.text.includes('\\') ? (JSON.parse(token.text) as string) : token.text.slice(1, -1);
      if (name === '__proto__') return { what: 'a name that the hub does not take' };
      if (inside.names.has(name)) return { what: 'a name that is there twice in one object' };
      inside.names.add(name);
      return 'colon';
    }
    case 'colon':
      return token.text === ':' ? 'value' : undefined;
    case 'after-value':
      if (token.text === ',') return inside?.kind === 'object' ? 'name' : 'value';
      if (token.text === (inside?.kind === 'object' ? '}' : ']')) return closed();
      return undefined;
    case 'end':
      return undefined;
  }
}

const EXPECTED: Readonly<Record<Expecting, string>> = {
  value: 'a value',
  'first-value': 'a value or the end of the array',
  'first-name': 'a name in double quotes or the end of the object',
  name: 'a name in double quotes',
  colon: 'a colon',
  'after-value': 'a comma or the end of the array or object',
  end: 'the end of the text',
};

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && ' \t\n\r'.includes(text.charAt(at))) at++;
  return at;
}
