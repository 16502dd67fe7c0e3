/** A document that has passed its schema: what an adapter reads. */

/** An element of a checked XML document; namespaces are resolved, comments and processing instructions gone. */
export interface XmlElement {
  readonly name: string;
  readonly namespace: string;
  /** By local name, or `{namespace}name` for those in a namespace. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** Character data directly inside, joined. */
  readonly text: string;
}

export type CheckedDocument =
  | { readonly kind: 'xml'; readonly root: XmlElement }
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'none' };
