/** What is kept: kinds of record, keys, indexes. COPY: the only file that knows them. */
import { iso } from '../../core/clock.ts';
import type { RecordWrite } from '../../core/decision.ts';
import type { OdsCode } from '../../core/identifiers.ts';
import type { RecordReader, StoredRecord } from '../../core/records.ts';
import type { Notice } from './model.ts';
import { NOTICES_SHOWN } from './tables.ts';

const NOTICE = 'notice.notice';

/** Newest first: the keys begin with the time. */
export const noticesTo = (records: RecordReader, ods: OdsCode): Promise<StoredRecord<Notice>[]> =>
  records.find<Notice>(NOTICE, 'to', ods, { limit: NOTICES_SHOWN, order: 'descending' });

/** COPY: `version` is the one the record was read at, 0 for a new one. If another was quicker, the hub decides again. */
export const noticeWrite = (notice: Notice, version: number): RecordWrite => ({
  kind: NOTICE,
  key: `${iso(notice.postedAt)}/${notice.id}`,
  version,
  value: notice,
  indexes: { to: notice.to },
});
