/** How a thing may change. COPY: the state machine is data; what is not in it does not happen. */
import type { NoticeState } from './model.ts';

export const AFTER_READING: Readonly<Record<NoticeState, NoticeState>> = {
  open: 'seen',
  seen: 'seen',
};
