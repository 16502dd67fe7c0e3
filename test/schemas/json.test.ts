import { expect } from 'chai';
import fc from 'fast-check';
import type { ErrorCode } from '../../core/errors.ts';
import { parseCheckedJson, parseJson } from '../../schemas/json.ts';
import { firstJsonFault } from '../../schemas/json-faults.ts';
import { DEFAULT_LIMITS } from '../../schemas/limits.ts';
import { refusal } from './refusal.ts';

const parse = (text: string): unknown => parseJson(Buffer.from(text), DEFAULT_LIMITS);
const SECRET = '9434765919';

describe('a JSON document from outside', () => {
  it('is read as JSON.parse reads it', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.nat(3), (value, indent) => {
        fc.pre(!/"__proto__":|\\u0000|\\ud[89a-f]/.test(JSON.stringify(value)));
        const bytes = Buffer.from(JSON.stringify(value, null, indent));
        expect(parseJson(bytes, DEFAULT_LIMITS)).to.deep.equal(JSON.parse(bytes.toString()));
        expect(parseCheckedJson(bytes)).to.deep.equal(JSON.parse(bytes.toString()));
      }),
      { numRuns: 500 },
    );
  });

  it('may begin with a byte order mark, which is stepped over', () => {
    expect(parse('\ufeff{"a":1}')).to.deep.equal({ a: 1 });
    expect(parseCheckedJson(Buffer.from('\ufeff{"a":1}'))).to.deep.equal({ a: 1 });
  });

  it('may have names of JavaScript, which then are only names', () => {
    const value = parse('{"constructor":{"prototype":1},"toString":2,"hasOwnProperty":3}');
    expect(Object.keys(value as object)).to.deep.equal(['constructor', 'toString', 'hasOwnProperty']);
  });

  it('may have marks of JSON, quotes and backslashes inside its strings', () => {
    const value = { 'a:{["b': 'c:d,}]"\\', '\\': '\\\\"', tail: '\\' };
    expect(parse(JSON.stringify(value))).to.deep.equal(value);
  });

  it('may have characters as pairs of escapes', () => {
    expect(parse('["\\ud83d\\ude00", "\\\\ud800"]')).to.deep.equal(['\u{1f600}', '\\ud800']);
  });

  const hostile: readonly [name: string, bytes: Buffer | string, code: ErrorCode][] = [
    ['nothing', '', 'BODY_MISSING'],
    ['white space', ' \r\n\t', 'BODY_MISSING'],
    ['a byte order mark and nothing else', '\ufeff', 'BODY_MISSING'],
    ['more bytes than the hub takes', Buffer.alloc(DEFAULT_LIMITS.bytes + 1, ' '), 'BODY_TOO_LARGE'],
    ['a depth of 50,000', '['.repeat(50_000) + ']'.repeat(50_000), 'DOCUMENT_LIMIT'],
    ['objects to a depth of 50,000', '{"a":'.repeat(50_000), 'DOCUMENT_LIMIT'],
    ['a million values', `[${'1,'.repeat(1_000_000)}1]`, 'DOCUMENT_LIMIT'],
    ['a million empty arrays', `[${'[],'.repeat(1_000_000)}[]]`, 'DOCUMENT_LIMIT'],
    ['a very long string', `["${'x'.repeat(4_500_000)}"]`, 'DOCUMENT_LIMIT'],
    ['a name twice', '{"a":1,"a":1}', 'JSON_ILL_FORMED'],
    ['a name twice, once as an escape', '{"a":1,"\\u0061":1}', 'JSON_ILL_FORMED'],
    ['a name twice, deep inside', '[{"b":{"a":1,"c":[],"a":2}}]', 'JSON_ILL_FORMED'],
    [
      'a name twice among 90,000',
      `{${Array.from({ length: 90_000 }, (_, i) => `"a${i}":1`).join(',')},"a7":1}`,
      'JSON_ILL_FORMED',
    ],
    ['the name __proto__', '{"__proto__":{"admin":true}}', 'JSON_ILL_FORMED'],
    ['the name __proto__ as an escape', '{"\\u005f_proto__":1}', 'JSON_ILL_FORMED'],
    ['half a surrogate pair', '["\\ud800"]', 'JSON_ILL_FORMED'],
    ['half a surrogate pair in a name', '{"\\ud83dx":1}', 'JSON_ILL_FORMED'],
    ['the second half alone', '["\\ude00"]', 'JSON_ILL_FORMED'],
    ['two first halves', '["\\ud83d\\ud83d"]', 'JSON_ILL_FORMED'],
    ['half a surrogate pair as bytes', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 'JSON_ILL_FORMED'],
    ['bytes that are not UTF-8', Buffer.from('["é"]', 'latin1'), 'JSON_ILL_FORMED'],
    ['an overlong encoding', Buffer.from([0x22, 0xc0, 0xa2, 0x22]), 'JSON_ILL_FORMED'],
    ['UTF-16', Buffer.from('\ufeff{}', 'utf16le'), 'JSON_ILL_FORMED'],
    ['UTF-16 without a mark', Buffer.from('{}', 'utf16le'), 'JSON_ILL_FORMED'],
    ['UTF-7', '+AHsAfQ-', 'JSON_ILL_FORMED'],
    ['a NUL byte', '{"a":\0}', 'JSON_ILL_FORMED'],
    ['a NUL byte in a string', '["a\0"]', 'JSON_ILL_FORMED'],
    ['an escaped NUL', '["a\\u0000"]', 'JSON_ILL_FORMED'],
    ['a control character in a string', '["a\tb"]', 'JSON_ILL_FORMED'],
    ['a comma too many', '{"a":1,}', 'JSON_ILL_FORMED'],
    ['a second text', '{} {}', 'JSON_ILL_FORMED'],
    ['a comment', '{/* x */}', 'JSON_ILL_FORMED'],
    ['single quotes', "{'a':1}", 'JSON_ILL_FORMED'],
    ['not a number', '[NaN]', 'JSON_ILL_FORMED'],
    ['a leading zero', '[01]', 'JSON_ILL_FORMED'],
    ['a string that never ends', '["abc', 'JSON_ILL_FORMED'],
    ['an escape that never ends', '["\\u00', 'JSON_ILL_FORMED'],
    ['a single backslash', '["\\', 'JSON_ILL_FORMED'],
    ['a colon for a comma', '["a":1]', 'JSON_ILL_FORMED'],
    ['a long string before the fault', `{"a":"${'x'.repeat(3_900_000)}","a":1}`, 'JSON_ILL_FORMED'],
  ];
  for (const [name, bytes, code] of hostile) {
    it(`is refused as ${code} for ${name}, quickly`, () => {
      const { error, took_ms } = refusal(() => parseJson(Buffer.from(bytes), DEFAULT_LIMITS));
      expect(error.code).to.equal(code);
      expect(took_ms).to.be.lessThan(500);
    });
  }

  const placed: readonly [text: string, line: number, what: string][] = [
    [`{"a":1,\n "b":{"x":"${SECRET}",\n  "x":2}}`, 3, 'a name that is there twice in one object, at column 3'],
    [`{\n"a":"${SECRET}" "b"}`, 2, 'something else than a comma or the end of the array or object, at column 18'],
    [`["${SECRET}",\n`, 2, 'the text ends where there should be a value, at column 1'],
    ['[\n\n "\\ud800"]', 3, 'half of a surrogate pair, at column 3'],
    [`{${SECRET}:1}`, 1, 'something else than a name in double quotes or the end of the object, at column 2'],
  ];
  for (const [text, line, what] of placed) {
    it(`is refused with line, column and what, never the value: ${what}`, () => {
      const { error } = refusal(() => parse(text));
      expect(error.details.faults).to.deep.equal([{ line, what }]);
      expect(error.message).not.to.contain(SECRET);
    });
  }
});

describe('the finder of faults in JSON', () => {
  it('finds one in a damaged text exactly where JSON.parse finds one too', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.nat(),
        fc.constantFrom('', '"', '{', '}', ',', ':', '1', '\\', '-', ' '),
        (value, where, what) => {
          const text = JSON.stringify(value, null, 1);
          const at = where % text.length;
          const damaged = text.slice(0, at) + what + text.slice(at + 1);
          let names: string | undefined;
          try {
            names = JSON.stringify(JSON.parse(damaged), null, 1);
          } catch {
            names = undefined;
          }
          const fault = firstJsonFault(damaged);
          if (names === undefined) expect(fault).not.to.equal(undefined);
          else expect(fault?.what ?? 'a name').to.match(/^a name/);
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
