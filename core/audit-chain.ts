/** The chain that makes a change to the audit trail show: each line's hash covers the line before it. */
import { hash } from 'node:crypto';
import type { Instant } from './clock.ts';
import type { AuditEvent } from './decision.ts';
import type { InteractionId, OdsCode, SystemId } from './identifiers.ts';

/** One line of the audit trail as it is kept. */
export interface AuditLine extends AuditEvent {
  /** 1, 2, 3 ... without a gap. */
  readonly seq: number;
  readonly at: Instant;
  readonly system: SystemId | null;
  readonly ods: OdsCode | null;
  readonly user: string | null;
  readonly role: string | null;
  readonly messageId: string | null;
  readonly interaction: InteractionId | null;
  /** SHA-256, hex, over the previous hash and this line (see audit/chain.ts). */
  readonly hash: string;
}

/** Who a line without a message speaks of: a refusal at a door, an operator at the command line. */
export interface Actor {
  readonly system?: SystemId;
  readonly ods?: OdsCode;
  readonly user?: string;
  readonly role?: string;
  readonly messageId?: string;
  readonly interaction?: InteractionId;
}

/** What the first line follows. */
export const CHAIN_START = '0'.repeat(64);

/** The line's fields, in this fixed order, as the text that is hashed (and that a store may keep as it is). */
export function lineText(line: Omit<AuditLine, 'hash'>): string {
  return JSON.stringify([
    line.seq,
    line.at,
    line.system,
    line.ods,
    line.user,
    line.role,
    line.messageId,
    line.interaction,
    line.action,
    line.outcome,
    line.code ?? null,
    line.patient ?? null,
    line.reason ?? null,
    line.entity ?? null,
  ]);
}

/** A line from its text and hash. */
export function lineFromText(text: string, hash: string): AuditLine {
  const [seq, at, system, ods, user, role, messageId, interaction, action, outcome, code, patient, reason, entity] =
    JSON.parse(text);
  return {
    seq,
    at,
    system,
    ods,
    user,
    role,
    messageId,
    interaction,
    action,
    outcome,
    ...(code !== null && { code }),
    ...(patient !== null && { patient }),
    ...(reason !== null && { reason }),
    ...(entity !== null && { entity }),
    hash,
  };
}

/** SHA-256, hex, of the previous hash and the line's text. */
export const lineHash = (previous: string, line: Omit<AuditLine, 'hash'>): string => textHash(previous, lineText(line));

export const textHash = (previous: string, text: string): string => hash('sha256', previous + text, 'hex');

/** The next line of a chain that stands at `previous` (sequence and hash). */
export function nextLine(
  previous: { readonly seq: number; readonly hash: string },
  actor: Actor,
  at: Instant,
  event: AuditEvent,
): AuditLine {
  const line: Omit<AuditLine, 'hash'> = {
    ...event,
    seq: previous.seq + 1,
    at,
    system: actor.system ?? null,
    ods: actor.ods ?? null,
    user: actor.user ?? null,
    role: actor.role ?? null,
    messageId: actor.messageId ?? null,
    interaction: actor.interaction ?? null,
  };
  return { ...line, hash: lineHash(previous.hash, line) };
}
