/** The published codes. COPY: one table for each published table, so that a reader can hold the two against each other. */

export const NOTICE_CODES = {
  closure: 'The site is closed',
  delay: 'Answers will be late',
  restored: 'The service is as usual',
} as const;
export type NoticeCode = keyof typeof NOTICE_CODES;

export const isNoticeCode = (code: string): code is NoticeCode => Object.hasOwn(NOTICE_CODES, code);

/** The id of what this adapter sends to others; receivers subscribe to it in the directory. */
export const NOTICE_POSTED = 'fhir:notice:posted';

/** COPY: every list has a limit. */
export const NOTICES_SHOWN = 50;
