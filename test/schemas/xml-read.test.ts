import { expect } from 'chai';
import fc from 'fast-check';
import { at, attribute, child, children, escapeXml, textOf } from '../../schemas/xml-read.ts';
import { parseCheckedXml } from '../../schemas/xml-tree.ts';

const root = parseCheckedXml(Buffer.from('<a><b x="1" xml:lang="en"/><b> two </b><c><d><e/></d></c></a>'));

describe('a reader of checked XML', () => {
  it('finds the first child, all children, and a child of a child', () => {
    expect(child(root, 'b')).to.equal(root.children[0]);
    expect(children(root, 'b')).to.have.length(2);
    expect(at(root, 'c/d/e')?.name).to.equal('e');
  });

  it('finds nothing, and throws nothing, where nothing is', () => {
    expect(child(root, 'x')).to.equal(undefined);
    expect(children(undefined, 'x')).to.deep.equal([]);
    expect(at(root, 'c/x/e')).to.equal(undefined);
    expect(attribute(at(root, 'x/y'), 'root')).to.equal(undefined);
    expect(attribute(root, 'constructor')).to.equal(undefined);
    expect(textOf(child(root, 'c'))).to.equal(undefined);
  });

  it('gives attributes by name, those in a namespace by both, and text without the space around it', () => {
    expect(attribute(child(root, 'b'), 'x')).to.equal('1');
    expect(attribute(child(root, 'b'), '{http://www.w3.org/XML/1998/namespace}lang')).to.equal('en');
    expect(textOf(root.children[1])).to.equal('two');
  });
});

describe('escaped text', () => {
  it('is read back unchanged, as content and as attribute, whatever XML can carry', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 20 }),
        fc.constantFrom('<', '&', '"', "'", ']]>', '\r\n', '\t'),
        (text, mark) => {
          const sent = `${text}${mark}`.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '');
          const read = parseCheckedXml(Buffer.from(`<a b="${escapeXml(sent)}">${escapeXml(sent)}</a>`));
          expect(read.text).to.equal(sent);
          expect(attribute(read, 'b')).to.equal(sent);
        },
      ),
    );
  });

  it('has U+FFFD in place of what XML cannot carry', () => {
    expect(escapeXml('a\u0000b\u001fc\ud800d\udc00e\uffff')).to.equal('a\ufffdb\ufffdc\ufffdd\ufffde\ufffd');
    expect(escapeXml('\u{1f600}')).to.equal('\u{1f600}');
  });
});
