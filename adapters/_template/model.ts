/** What the service speaks of. COPY: name things as the field does; no wire format, no storage, no rule in this file. */
import type { Instant } from '../../core/clock.ts';
import type { OdsCode, SystemId } from '../../core/identifiers.ts';
import type { NoticeCode } from './tables.ts';

export type NoticeState = 'open' | 'seen';

/** What is kept of a notice. */
export interface Notice {
  readonly id: string;
  readonly code: NoticeCode;
  readonly to: OdsCode;
  readonly from: SystemId;
  readonly postedAt: Instant;
  readonly state: NoticeState;
}

/** The command, as read: what the sender wants to happen. */
export interface PostNotice {
  readonly code: NoticeCode;
  readonly to: OdsCode;
}

/** The query, as read: nothing but who asks, and that the certificate says. */
export type ReadNotices = Readonly<Record<never, never>>;
