/** How large and how deep a document may be: checked before anything costly is done with it. */

/** The same limits serve XML and JSON; "values" are elements in XML and members and array items in JSON. */
export interface DocumentLimits {
  /** The whole document. */
  readonly bytes: number;
  /** Elements, or arrays and objects, inside each other. */
  readonly depth: number;
  /** Elements, or members and array items, in the whole document. */
  readonly values: number;
  /** Attributes in the whole document, namespace declarations included. XML only. */
  readonly attributes: number;
  /** Attributes of one element, namespace declarations included. XML only. */
  readonly attributesPerElement: number;
  /** The longest single run of text: a text node, an attribute, a string. */
  readonly text_bytes: number;
}

/** A referral bundle or a year's upload of plans fits; an attack does not. libxml2 itself stops at a depth of 256. */
export const DEFAULT_LIMITS: DocumentLimits = {
  bytes: 5_000_000,
  depth: 64,
  values: 100_000,
  attributes: 200_000,
  attributesPerElement: 64,
  text_bytes: 4_000_000,
};
