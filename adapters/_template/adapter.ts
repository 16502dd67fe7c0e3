/** Notices between organisations: a complete adapter to copy. COPY: this file is the service's table of contents. */
import type { Adapter, Announcement, Interaction } from '../adapter.ts';
import { readPost } from './fhir.ts';
import type { PostNotice, ReadNotices } from './model.ts';
import { decidePost, decideRead } from './rules.ts';
import { NOTICE_POSTED } from './tables.ts';

const BASE = '/notice/FHIR/R4';

export const postNotice: Interaction<PostNotice> = {
  // COPY: the published interaction id where there is one (urn:nhs:names:services:...), else `fhir:service:what`.
  id: 'fhir:notice:post',
  title: 'Post a notice to an organisation',
  // COPY: 'query' where the caller waits for the outcome; 'command' where "kept" is answer enough; 'forward' passes on.
  exchange: 'command',
  addresses: [{ wire: 'fhir', method: 'POST', path: `${BASE}/$post-notice` }],
  // COPY: a name in the schema catalogue: `fhir:Resource`, or `xml:service/NAME` for schemas/service/NAME.xsd.
  schema: 'fhir:Parameters',
  // COPY: whoever is not named here is refused. 'token' asks for a person, in a role with one of the activities.
  senders: { kinds: ['general-practice', 'outpatient-booking', 'local-authority'], person: 'none' },
  read: readPost,
  decide: decidePost,
};

export const readNotices: Interaction<ReadNotices> = {
  id: 'fhir:notice:read',
  title: 'Read the notices to one’s own organisation',
  exchange: 'query',
  addresses: [{ wire: 'fhir', method: 'GET', path: `${BASE}/Communication` }],
  schema: 'none',
  senders: { kinds: ['general-practice', 'pharmacy', 'outpatient-booking', 'local-authority'], person: 'none' },
  read: () => ({}),
  decide: decideRead,
};

/** COPY: what the adapter sends by itself. A contract given here differs from the default in these points alone. */
export const noticePosted: Announcement = {
  id: NOTICE_POSTED,
  title: 'A notice was posted to the organisation',
  contract: { order: 'receiver' },
};

export const notice: Adapter = {
  name: 'notice',
  title: 'Notices between organisations',
  interactions: [postNotice, readNotices],
  announcements: [noticePosted],
};
