import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { ErrorCode } from '../../core/errors.ts';
import { DEFAULT_LIMITS } from '../../schemas/limits.ts';
import { createXmlChecker } from '../../schemas/xml.ts';
import { corpusFiles } from './corpus.ts';
import { refusal } from './refusal.ts';

const FIXTURES = fileURLToPath(new URL('fixtures', import.meta.url));
const PLAN = join(FIXTURES, 'sample', 'plan.xsd');
const SECRET = '9434765919';

const plan = (number: number): string =>
  `<plan id="P${number}"><nhsNumber extension="${SECRET}"/><name>A name</name><from>2026-01-01</from></plan>`;
const plans = (...rows: string[]): Buffer =>
  Buffer.from(
    `<?xml version="1.0" encoding="UTF-8"?>\n<plans xmlns="urn:example:plans">\n${rows.join('\n')}\n</plans>`,
  );
const bom = (text: string): Buffer => Buffer.from(`\ufeff${text}`);
const bomb = `<!DOCTYPE a [<!ENTITY a0 "ha">${Array.from({ length: 20 }, (_, i) => `<!ENTITY a${i + 1} "${`&a${i};`.repeat(10)}">`).join('')}]><a>&a20;</a>`;

describe('an XML document from outside', () => {
  const checker = createXmlChecker({ folders: [FIXTURES], limits: DEFAULT_LIMITS });
  after(() => checker.dispose());

  it('is accepted when it keeps to its schema, with or without a byte order mark', () => {
    checker.check(plans(plan(1), plan(2)), PLAN);
    checker.check(Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), plans(plan(1))]), PLAN);
  });

  it('is accepted without a schema when it is well formed', () => {
    const innocent = '<!-- <!DOCTYPE a> --><a b="&lt;!DOCTYPE a>"><![CDATA[<!DOCTYPE a>]]><?p <!DOCTYPE?></a>';
    checker.check(Buffer.from(innocent));
  });

  const hostile: readonly [name: string, bytes: Buffer, code: ErrorCode][] = [
    ['a DOCTYPE', Buffer.from('<!DOCTYPE a><a/>'), 'XML_DOCTYPE'],
    ['a DOCTYPE in small letters', Buffer.from('<!doctype a><a/>'), 'XML_DOCTYPE'],
    ['a DOCTYPE in mixed case', Buffer.from('<!DocType a><a/>'), 'XML_DOCTYPE'],
    ['a DOCTYPE after a byte order mark', bom('<!DOCTYPE a><a/>'), 'XML_DOCTYPE'],
    [
      'a DOCTYPE after declaration, comment and line ends',
      bom('<?xml version="1.0"?>\r\n<!-- x -->\n\n<!DOCTYPE a SYSTEM "http://localhost/a.dtd"><a/>'),
      'XML_DOCTYPE',
    ],
    ['a DOCTYPE after a comment that looks unfinished', Buffer.from('<!--->--><!DOCTYPE a><a/>'), 'XML_DOCTYPE'],
    ['a DOCTYPE after a processing instruction', Buffer.from('<?p <a> ?><!DOCTYPE a><a/>'), 'XML_DOCTYPE'],
    ['a DOCTYPE after the root', Buffer.from('<a/><!DOCTYPE a>'), 'XML_DOCTYPE'],
    ['a bare entity declaration', Buffer.from('<!ENTITY a "b"><a/>'), 'XML_DOCTYPE'],
    ['a bomb of entities', Buffer.from(bomb), 'XML_DOCTYPE'],
    [
      'an external entity',
      Buffer.from('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'),
      'XML_DOCTYPE',
    ],
    [
      'a million references to an entity that is not there',
      Buffer.from(`<a>${'&x;'.repeat(1_000_000)}</a>`),
      'XML_ILL_FORMED',
    ],
    [
      '50,000 attributes',
      Buffer.from(`<a ${Array.from({ length: 50_000 }, (_, i) => `a${i}="1"`).join(' ')}/>`),
      'DOCUMENT_LIMIT',
    ],
    ['50,000 attributes of one name', Buffer.from(`<a ${'b="1" '.repeat(50_000)}/>`), 'DOCUMENT_LIMIT'],
    [
      '50,000 namespaces',
      Buffer.from(`<a ${Array.from({ length: 50_000 }, (_, i) => `xmlns:a${i}="u${i}"`).join(' ')}/>`),
      'DOCUMENT_LIMIT',
    ],
    [
      'many attributes in all',
      Buffer.from(`<a>${`<b ${Array.from({ length: 60 }, (_, i) => `c${i}=""`).join(' ')}/>`.repeat(4_000)}</a>`),
      'DOCUMENT_LIMIT',
    ],
    ['a depth of 50,000', Buffer.from('<a>'.repeat(50_000) + '</a>'.repeat(50_000)), 'DOCUMENT_LIMIT'],
    ['a depth of 50,000 that never ends', Buffer.from('<a>'.repeat(50_000)), 'DOCUMENT_LIMIT'],
    ['a million elements', Buffer.from(`<a>${'<b/>'.repeat(1_000_000)}</a>`), 'DOCUMENT_LIMIT'],
    ['a very long text', Buffer.from(`<a>${'x'.repeat(4_500_000)}</a>`), 'DOCUMENT_LIMIT'],
    ['a very long attribute', Buffer.from(`<a b="${'x'.repeat(4_500_000)}"/>`), 'DOCUMENT_LIMIT'],
    ['a very long CDATA section', Buffer.from(`<a><![CDATA[${'x'.repeat(4_500_000)}]]></a>`), 'DOCUMENT_LIMIT'],
    ['more bytes than the hub takes', Buffer.alloc(DEFAULT_LIMITS.bytes + 1, ' '), 'BODY_TOO_LARGE'],
    ['nothing', Buffer.alloc(0), 'BODY_MISSING'],
    ['UTF-16 with its mark', Buffer.from('\ufeff<!DOCTYPE a><a/>', 'utf16le'), 'XML_ILL_FORMED'],
    ['UTF-16 without a mark', Buffer.from('<a/>', 'utf16le'), 'XML_ILL_FORMED'],
    ['UTF-16, big end first', Buffer.from('\ufeff<a/>', 'utf16le').swap16(), 'XML_ILL_FORMED'],
    ['UTF-32', Buffer.from([0, 0, 0xfe, 0xff, 0, 0, 0, 0x3c, 0, 0, 0, 0x61]), 'XML_ILL_FORMED'],
    [
      'UTF-7, declared',
      Buffer.from('<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE a+AD4-<a/>'),
      'XML_ILL_FORMED',
    ],
    ['UTF-7, bare', Buffer.from('+ADwAIQ-DOCTYPE a+AD4APA-a/+AD4-'), 'XML_ILL_FORMED'],
    ['EBCDIC, declared', Buffer.from("<?xml version='1.0' encoding='IBM037'?><a/>"), 'XML_ILL_FORMED'],
    [
      'Latin-1, declared',
      Buffer.from('<?xml version="1.0" encoding="ISO-8859-1"?><a>\u00e9</a>', 'latin1'),
      'XML_ILL_FORMED',
    ],
    ['bytes that are not UTF-8', Buffer.from('<a>\u00e9</a>', 'latin1'), 'XML_ILL_FORMED'],
    ['an overlong encoding', Buffer.from([0x3c, 0x61, 0x3e, 0xc0, 0xbc, 0x3c, 0x2f, 0x61, 0x3e]), 'XML_ILL_FORMED'],
    [
      'half a surrogate pair as bytes',
      Buffer.from([0x3c, 0x61, 0x3e, 0xed, 0xa0, 0x80, 0x3c, 0x2f, 0x61, 0x3e]),
      'XML_ILL_FORMED',
    ],
    ['a NUL byte', Buffer.from('<a>\0</a>'), 'XML_ILL_FORMED'],
    ['a NUL character as a reference', Buffer.from('<a>&#0;</a>'), 'XML_ILL_FORMED'],
    ['a control character', Buffer.from('<a>\u0001</a>'), 'XML_ILL_FORMED'],
    ['half a surrogate pair as a reference', Buffer.from('<a>&#xD800;</a>'), 'XML_ILL_FORMED'],
    ['tags that cross', Buffer.from('<a><b></a></b>'), 'XML_ILL_FORMED'],
    ['two roots', Buffer.from('<a/><b/>'), 'XML_ILL_FORMED'],
    ['an attribute twice', Buffer.from('<a b="1" b="2"/>'), 'XML_ILL_FORMED'],
    ['one attribute under two prefixes', Buffer.from('<a xmlns:p="u" xmlns:q="u" p:b="1" q:b="2"/>'), 'XML_ILL_FORMED'],
    ['a prefix that is not declared', Buffer.from('<p:a/>'), 'XML_ILL_FORMED'],
    ['a prefix that is taken back', Buffer.from('<a xmlns:p=""/>'), 'XML_ILL_FORMED'],
    ['an attribute without quotes', Buffer.from('<a b=1/>'), 'XML_ILL_FORMED'],
    ['100,000 broken tags', Buffer.from(`<a>${'<b c=1/>'.repeat(90_000)}</a>`), 'XML_ILL_FORMED'],
    ['a million ampersands', Buffer.from(`<a>${'&'.repeat(1_000_000)}</a>`), 'XML_ILL_FORMED'],
    ['a tag that never ends', Buffer.from('<a b="1"'), 'XML_ILL_FORMED'],
    ['a quote that never ends', Buffer.from('<a b="1>'), 'XML_ILL_FORMED'],
    ['a comment that never ends', Buffer.from('<a><!-- x</a>'), 'XML_ILL_FORMED'],
    ['a document that stops', Buffer.from('<a><b>'), 'XML_ILL_FORMED'],
    ['an end tag too many', Buffer.from('<a/></a>'), 'XML_ILL_FORMED'],
    ['no markup', Buffer.from('hello'), 'XML_ILL_FORMED'],
    ['a single bracket', Buffer.from('<'), 'XML_ILL_FORMED'],
  ];
  for (const [name, bytes, code] of hostile) {
    it(`is refused as ${code} for ${name}, quickly`, () => {
      const { error, took_ms } = refusal(() => checker.check(bytes, PLAN));
      expect(error.code).to.equal(code);
      expect(took_ms).to.be.lessThan(500);
    });
  }

  it('says on which line it is ill formed, without the text that is there', () => {
    const { error } = refusal(() => checker.check(Buffer.from(`<a>\n\n<b${SECRET}>${SECRET}</c${SECRET}></a>`)));
    expect(error.details.faults).to.deep.equal([{ line: 3, what: 'an end tag that does not match its start tag' }]);
  });

  const invalid: readonly [name: string, row: string, path: string, what: string][] = [
    [
      'a value without its form',
      plan(1).replace(SECRET, `x${SECRET}`),
      '/plans/plan[2]/nhsNumber',
      'the value does not have its form',
    ],
    [
      'a value of another type',
      plan(1).replace('2026-01-01', SECRET),
      '/plans/plan[2]/from',
      'the value is not of type date',
    ],
    [
      'a value that quotes the checker',
      plan(1).replace('2026-01-01', `x' is not a valid value of the atomic type '${SECRET}'.`),
      '/plans/plan[2]/from',
      'the value is not of type date',
    ],
    [
      'a value outside its list',
      plan(1).replace('</plan>', `<kind>${SECRET}</kind></plan>`),
      '/plans/plan[2]/kind',
      'the value is not one of those allowed',
    ],
    [
      'a value that is too long',
      plan(1).replace('A name', SECRET.repeat(9)),
      '/plans/plan[2]/name',
      'the value is too long',
    ],
    [
      'an element too many',
      plan(1).replace('<name>', `<x${SECRET}/><name>`),
      '/plans/plan[2]/*[2]',
      'is not expected here; expected: name',
    ],
    ['an element too few', '<plan id="1"/>', '/plans/plan[2]', 'lacks a child element; expected: nhsNumber'],
    [
      'an attribute too many',
      plan(1).replace('id=', `x="${SECRET}" id=`),
      '/plans/plan[2]',
      'an attribute that the schema does not know',
    ],
    ['an attribute too few', plan(1).replace('id="P1"', ''), '/plans/plan[2]', 'lacks the attribute id'],
    [
      'text between elements',
      plan(1).replace('<name>', `${SECRET}<name>`),
      '/plans/plan[2]',
      'text where the schema has none',
    ],
  ];
  for (const [name, row, path, what] of invalid) {
    it(`is refused as XML_INVALID for ${name}: where and what, never the value`, () => {
      const { error } = refusal(() => checker.check(plans(plan(1), row), PLAN));
      expect(error.code).to.equal('XML_INVALID');
      expect(error.details.faults?.[0]).to.deep.equal({ path, line: 4, what });
      expect(JSON.stringify(error.details) + error.message).not.to.contain(SECRET);
    });
  }

  it('is refused for another root element', () => {
    const { error } = refusal(() => checker.check(Buffer.from('<other/>'), PLAN));
    expect(error.details.faults).to.deep.equal([
      { path: '/*[1]', line: 1, what: 'is not a root element of this schema' },
    ]);
  });

  it('has its paths named also where elements have prefixes', () => {
    const row = '<p:plan id="1"><p:nhsNumber extension="1"/><p:name/><p:from>2026-01-01</p:from></p:plan>';
    const { error } = refusal(() =>
      checker.check(Buffer.from(`<p:plans xmlns:p="urn:example:plans">${row}</p:plans>`), PLAN),
    );
    expect(error.details.faults?.map(({ path }) => path)).to.deep.equal(['/plans/plan/nhsNumber']);
  });

  it('with 20,000 faults is refused with ten of them, in time that grows with its size and no faster', () => {
    const bad = plan(1).replace(SECRET, 'x');
    const bytes = plans(bad.repeat(20_000));
    const { error, took_ms } = refusal(() => checker.check(bytes, PLAN));
    expect(error.details.faults).to.have.length(10);
    expect(took_ms).to.be.lessThan(2_000);
  });

  it('leaves no memory behind, good or bad, 20,000 times', function () {
    this.timeout(60_000);
    const good = plans(...Array.from({ length: 20 }, (_, i) => plan(i)));
    const documents = [good, good, plans(plan(1).replace(SECRET, 'x')), Buffer.from('<a><b></a>')];
    const round = (times: number): void => {
      for (let i = 0; i < times; i++) {
        try {
          checker.check(documents[i % documents.length] as Buffer, PLAN);
        } catch {
          // refusals are part of the round
        }
      }
    };
    round(2_000);
    const before = process.memoryUsage().rss;
    round(20_000);
    const grown_MB = (process.memoryUsage().rss - before) / 1_000_000;
    // A forgotten document or parser would show as 70 MB and more.
    expect(grown_MB).to.be.lessThan(50);
  });

  it('as published for summary records is within the limits', function () {
    for (const file of corpusFiles(this, 'scr/mock-spine', '.xml')) checker.check(readFileSync(file));
  });
});

describe('a schema for XML', () => {
  const folder = mkdtempSync(join(tmpdir(), 'schemas-'));
  const inside = join(folder, 'inside');
  const schema = (body: string): string => `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">${body}</xs:schema>`;
  const element = schema('<xs:element name="a" type="xs:string"/>');
  const checker = () => createXmlChecker({ folders: [inside], limits: DEFAULT_LIMITS });
  before(() => {
    mkdirSync(inside);
    writeFileSync(join(folder, 'outside.xsd'), element);
    writeFileSync(join(inside, 'a.xsd'), element);
    writeFileSync(join(inside, 'broken.xsd'), schema('<xs:element name="a" type="nothing"/>'));
    writeFileSync(join(inside, 'climbs.xsd'), schema('<xs:include schemaLocation="../outside.xsd"/>'));
    writeFileSync(
      join(inside, 'absolute.xsd'),
      schema(`<xs:include schemaLocation="${join(folder, 'outside.xsd')}"/>`),
    );
    writeFileSync(join(inside, 'remote.xsd'), schema('<xs:include schemaLocation="http://127.0.0.1:9/a.xsd"/>'));
    writeFileSync(join(inside, 'linked.xsd'), schema('<xs:include schemaLocation="link.xsd"/>'));
    writeFileSync(join(inside, 'with space.xsd'), schema('<xs:include schemaLocation="a.xsd"/>'));
    symlinkSync(join(folder, 'outside.xsd'), join(inside, 'link.xsd'));
  });
  after(() => rmSync(folder, { recursive: true }));

  it('may include its neighbours', () => {
    checker().check(Buffer.from('<a/>'), join(inside, 'with space.xsd'));
  });

  for (const name of ['climbs', 'absolute', 'remote', 'linked']) {
    it(`reaches nothing outside its folder (${name})`, () => {
      expect(() => checker().check(Buffer.from('<a/>'), join(inside, `${name}.xsd`))).to.throw(
        /does not compile|INVALID/,
      );
    });
  }

  it('is refused when it is outside the folders, absent or wrong', () => {
    expect(() => checker().prepare(join(folder, 'outside.xsd'))).to.throw('outside the schema folders');
    expect(() => checker().prepare(join(inside, 'absent.xsd'))).to.throw('ENOENT');
    expect(() => checker().prepare(join(inside, 'broken.xsd'))).to.throw('does not compile');
  });
});
