import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import type { XmlElement } from '../../core/document.ts';
import { DEFAULT_LIMITS } from '../../schemas/limits.ts';
import { createXmlChecker } from '../../schemas/xml.ts';
import { parseCheckedXml } from '../../schemas/xml-tree.ts';
import { corpusFiles, xmlParts } from './corpus.ts';
import { libxmlTree } from './libxml-tree.ts';

const checker = createXmlChecker({ folders: [], limits: DEFAULT_LIMITS });
const tree = (text: string): XmlElement => plain(parseCheckedXml(Buffer.from(text)));

/** With ordinary objects for attributes, so that two trees can be compared. */
const plain = (element: XmlElement): XmlElement => ({
  ...element,
  attributes: { ...element.attributes },
  children: element.children.map(plain),
});

const leaf = (parts: Partial<XmlElement>): XmlElement => ({
  name: 'a',
  namespace: '',
  attributes: {},
  children: [],
  text: '',
  ...parts,
});

describe('the tree of a checked document', () => {
  it('has names without prefixes and the namespaces they stand for', () => {
    const root = tree('<p:a xmlns:p="one" xmlns="two" p:x="1" x="2"><b xmlns=""/><p:b xmlns:p="three"/><p:b/></p:a>');
    expect(root).to.deep.equal({
      name: 'a',
      namespace: 'one',
      attributes: { '{one}x': '1', x: '2' },
      text: '',
      children: [leaf({ name: 'b' }), leaf({ name: 'b', namespace: 'three' }), leaf({ name: 'b', namespace: 'one' })],
    });
  });

  it('joins the text inside an element and drops comments and processing instructions', () => {
    const root = tree(
      '<?xml version="1.0"?><!-- x --><a>1<!-- <b> -->2<?p <b>?>3<![CDATA[<&amp;]]><b>x</b>4</a><!-- y -->',
    );
    expect(root.text).to.equal('123<&amp;4');
    expect(root.children.map(({ text }) => text)).to.deep.equal(['x']);
  });

  it('resolves references to characters and to the five entities, once', () => {
    expect(tree('<a b="&#65;&quot;&amp;lt;">&lt;&gt;&apos;&#x1F600;&amp;#65;</a>')).to.deep.equal(
      leaf({ attributes: { b: 'A"&lt;' }, text: "<>'\u{1f600}&#65;" }),
    );
  });

  it('has line ends as XML has them, and spaces for tabs and line ends in attributes unless they were references', () => {
    expect(tree('<a b="1\r\n2\t3\r4&#10;5&#13;&#9;">1\r\n2\r3\t&#13;</a>')).to.deep.equal(
      leaf({ attributes: { b: '1 2 3 4\n5\r\t' }, text: '1\n2\n3\t\r' }),
    );
  });

  it('knows no attribute that was not sent, whatever its name', () => {
    const { attributes } = parseCheckedXml(Buffer.from('<a __proto__="1"/>'));
    expect(attributes['constructor']).to.equal(undefined);
    expect(attributes['toString']).to.equal(undefined);
    // biome-ignore lint/suspicious/noProto: that is the point
    expect(attributes['__proto__']).to.equal('1');
  });

  it('needs no stack for depth', () => {
    let element: XmlElement | undefined = parseCheckedXml(Buffer.from('<a>'.repeat(200_000) + '</a>'.repeat(200_000)));
    let depth = 0;
    for (; element; element = element.children[0]) depth++;
    expect(depth).to.equal(200_000);
  });

  it('is not made of bytes that stop in the middle', () => {
    for (const text of [
      '',
      '<',
      '<a',
      '<a b',
      '<a b=',
      '<a b="',
      '<a b="1"',
      '<a>',
      '<a><',
      '<a></',
      '<!--',
      '<![CDATA[',
      '<?',
      '</a>',
    ]) {
      expect(() => parseCheckedXml(Buffer.from(text)), text).to.throw();
    }
  });

  it('agrees with libxml2 on generated documents', () => {
    fc.assert(
      fc.property(documents, (text) => {
        const bytes = Buffer.from(text);
        checker.check(bytes);
        expect(plain(parseCheckedXml(bytes))).to.deep.equal(libxmlTree(bytes));
      }),
      { numRuns: 500 },
    );
  });

  it('agrees with libxml2 on every damaged document that the checker still accepts', () => {
    let accepted = 0;
    fc.assert(
      fc.property(
        documents,
        fc.nat(),
        fc.constantFrom('', '<', '>', '"', '&', '/', ' ', '\r', '\t', ':', 'x', '=', ']', '-'),
        (text, where, what) => {
          const at = where % text.length;
          const bytes = Buffer.from(text.slice(0, at) + what + text.slice(at + 1));
          try {
            checker.check(bytes);
          } catch {
            return;
          }
          accepted++;
          expect(plain(parseCheckedXml(bytes))).to.deep.equal(libxmlTree(bytes));
        },
      ),
      { numRuns: 2_000 },
    );
    expect(accepted).to.be.greaterThan(100);
  });

  it('agrees with libxml2 on the published messages', function () {
    const captures = [...corpusFiles(this, 'eps/wire-captures', '.txt'), ...corpusFiles(this, 'scr', '.xml')];
    let compared = 0;
    for (const file of captures) {
      for (const part of xmlParts(readFileSync(file, 'utf8'))) {
        const bytes = Buffer.from(part);
        checker.check(bytes);
        expect(plain(parseCheckedXml(bytes)), file).to.deep.equal(libxmlTree(bytes));
        compared++;
      }
    }
    expect(compared).to.be.greaterThan(50);
  });
});

// Documents with everything that a reader could get wrong.

const space = fc.constantFrom(' ', '\n', '\r\n', '\t', '  ');
const character = fc.constantFrom(
  'x',
  'Y',
  '7',
  ' ',
  '\t',
  '\n',
  '\r',
  '\r\n',
  'é',
  '’',
  '😀',
  ']',
  '-',
  '=',
  '/',
  ':',
  "'",
  '\u00a0',
  '\u0085',
);
const reference = fc.constantFrom(
  '&lt;',
  '&gt;',
  '&amp;',
  '&quot;',
  '&apos;',
  '&#65;',
  '&#x41;',
  '&#10;',
  '&#13;',
  '&#9;',
  '&#x1F600;',
  '&#32;',
);
const words = (...more: fc.Arbitrary<string>[]): fc.Arbitrary<string> =>
  fc.array(fc.oneof(character, reference, ...more), { maxLength: 8 }).map((parts) => parts.join(''));
const text = words(fc.constant('"')).map((value) => value.replaceAll(']]>', ']] >'));
const cdata = words(fc.constantFrom('<', '&', '"', ']]')).map((value) => `<![CDATA[${value.replaceAll(']]>', '')}]]>`);
const comment = words(fc.constantFrom('<b>', '&', '"')).map((value) => `<!--${value.replaceAll('-', '~')}-->`);
const instruction = words(fc.constantFrom('<b>', '"')).map((value) => `<?p ${value}?>`);

const prefix = fc.constantFrom('', 'p', 'q', 'long.prefix');
const name = fc.constantFrom('a', 'b', 'longer-name', 'x_1', 'é', 'a.b');
const address = fc.constantFrom('one', 'two', 'urn:three', 'urn:x?a&amp;b', '&#117;rn:e');
const qualify = (chosen: string, local: string): string => (chosen === '' ? local : `${chosen}:${local}`);

const value = fc
  .tuple(words(fc.constantFrom('>', '"')), fc.boolean())
  .map(([content, double]) => (double ? `"${content.replaceAll('"', '')}"` : `'${content.replaceAll("'", '')}'`));
const declaration = fc
  .tuple(prefix, address)
  .map(([chosen, uri]) => `${chosen === '' ? 'xmlns' : `xmlns:${chosen}`}="${uri}"`);
const attribute = fc.tuple(fc.oneof(prefix, fc.constant('xml')), name, value, space);
const nameOf = (declared: string): string => declared.slice(0, declared.indexOf('='));

const startTag = fc
  .record({
    prefix,
    name,
    declarations: fc.uniqueArray(declaration, { maxLength: 3, selector: nameOf }),
    undeclare: fc.boolean(),
    attributes: fc.uniqueArray(attribute, { maxLength: 4, selector: ([, local]) => local }),
    gap: space,
  })
  .map(({ declarations, undeclare, attributes, gap, ...tag }) => {
    const defaults = undeclare && !declarations.some((one) => one.startsWith('xmlns=')) ? ['xmlns=""'] : [];
    const written = attributes
      .filter(([chosen, local]) => chosen !== 'xml' || local === 'a')
      .map(([chosen, local, content, around]) => `${qualify(chosen, local)}${around}=${around}${content}`);
    return { name: qualify(tag.prefix, tag.name), inside: [...defaults, ...declarations, ...written].join(gap), gap };
  });

const { element } = fc.letrec<{ element: string; content: string }>((tie) => ({
  content: fc
    .array(fc.oneof({ depthSize: 'small', withCrossShrink: true }, text, cdata, comment, instruction, tie('element')), {
      maxLength: 5,
    })
    .map((parts) => parts.join('')),
  element: fc
    .tuple(startTag, tie('content'), fc.boolean())
    .map(([tag, content, short]) =>
      content === '' && short
        ? `<${tag.name}${tag.gap}${tag.inside}/>`
        : `<${tag.name}${tag.gap}${tag.inside}>${content}</${tag.name}${tag.gap}>`,
    ),
}));

const documents = fc
  .tuple(
    fc.constantFrom('', '\ufeff', '<?xml version="1.0"?>', '<?xml version="1.0" encoding="utf-8"?>\r\n'),
    comment,
    element,
  )
  .map(
    ([head, note, inner]) =>
      `${head}${note}<root xmlns:p="urn:p" xmlns:q="urn:q" xmlns:long.prefix="urn:l" xmlns="urn:d">${inner}</root>${note}\n`,
  );
