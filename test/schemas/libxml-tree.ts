/** The same tree as schemas/xml-tree.ts makes, but read out of libxml2's own: what the tokenizer is held against. */
import * as libxml from 'libxml2-wasm';
import type { XmlElement } from '../../core/document.ts';

export function libxmlTree(bytes: Uint8Array): XmlElement {
  const document = libxml.XmlDocument.fromBuffer(bytes, { option: libxml.ParseOption.XML_PARSE_NO_XXE });
  try {
    return convert(document.root);
  } finally {
    document.dispose();
  }
}

function convert(element: libxml.XmlElement): XmlElement {
  const attributes: Record<string, string> = {};
  for (const attribute of element.attrs) {
    const { namespaceUri, name, value } = attribute;
    attributes[namespaceUri === '' ? name : `{${namespaceUri}}${name}`] = value;
  }
  const children: XmlElement[] = [];
  let text = '';
  for (const node of element.find('child::* | child::text()')) {
    if (node instanceof libxml.XmlElement) children.push(convert(node));
    else if (node instanceof libxml.XmlText || node instanceof libxml.XmlCData) text += node.content;
  }
  return { name: element.name, namespace: element.namespaceUri, attributes, children, text };
}
