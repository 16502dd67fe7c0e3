/** An example message that the contract suite sends through its adapter: who sends what, and what must come of it. */
import type { RecordWrite } from '../core/decision.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { InteractionId, OdsCode } from '../core/identifiers.ts';
import type { SystemKind } from '../core/party.ts';

/**
 * `examples/<adapter>/examples.ts` exports `contractExamples`, a list of these. They are told in order as one story: what an
 * example keeps, the later ones find.
 */
export interface MessageExample {
  /** What it is, to finish the sentence "answers ..." or "refuses ...". */
  readonly what: string;
  readonly interaction: InteractionId;
  readonly from: { readonly kind: SystemKind; readonly ods: OdsCode };
  /** Activities of the role of the person who acts; left out where nobody does. */
  readonly activities?: readonly string[];
  /** From path, query string and headers, by name. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** XML or JSON, as its interaction's schema says. */
  readonly body?: string;
  /** Records that must be there before. */
  readonly seed?: readonly RecordWrite[];
  /** For a bad example: the codes that the form, the reading or the rule may refuse it with. */
  readonly refused?: readonly ErrorCode[];
}
