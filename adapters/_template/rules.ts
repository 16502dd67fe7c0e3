/** The decisions. COPY: a rule reads through the context, writes nothing, and returns all that should happen, as a value. */
import type { Decision } from '../../core/decision.ts';
import { HubError } from '../../core/errors.ts';
import type { Context } from '../adapter.ts';
import { communication, FHIR_JSON, searchset } from './fhir.ts';
import type { Notice, PostNotice, ReadNotices } from './model.ts';
import { noticesTo, noticeWrite } from './records.ts';
import { AFTER_READING } from './states.ts';
import { NOTICE_POSTED } from './tables.ts';

/** Keeps a notice and sends it to the organisation's system, where one subscribes: both, or neither. */
export async function decidePost(message: PostNotice, context: Context): Promise<Decision> {
  // COPY: a refusal that says "your message is wrong" is a HubError. Time and ids come from the context, so that
  // deciding again gives the same decision.
  if (!context.directory.organisation(message.to)) throw new HubError('RECEIVER_UNKNOWN');
  const notice: Notice = {
    id: context.id(0),
    code: message.code,
    to: message.to,
    from: context.party.systemId,
    postedAt: context.now,
    state: 'open',
  };
  const receiver = context.directory.receiver(message.to, NOTICE_POSTED);
  const body = JSON.stringify(communication(notice));
  return {
    answer: { kind: 'document', status: 201, contentType: FHIR_JSON, body },
    records: [noticeWrite(notice, 0)],
    ...(receiver && {
      // COPY: `subject` is read without opening the message: never a patient's name or number.
      send: [
        {
          to: receiver.systemId,
          interaction: NOTICE_POSTED,
          contentType: FHIR_JSON,
          body,
          subject: 'A notice was posted',
        },
      ],
    }),
    // COPY: never empty; give `patient` wherever there is one.
    events: [{ action: 'post-notice', outcome: 'success', entity: `notice.notice/${notice.id}` }],
    // COPY: codes and counts only. `patient` is replaced by a pseudonym on the way to the lake.
    facts: [{ kind: 'notice-posted', attributes: { code: notice.code, sent: receiver !== undefined } }],
  };
}

/** Shows the caller's own notices and marks them as seen. COPY: the certificate says whose they are, not the message. */
export async function decideRead(_message: ReadNotices, context: Context): Promise<Decision> {
  const held = await noticesTo(context.records, context.party.ods);
  const changed = held.filter(({ value }) => AFTER_READING[value.state] !== value.state);
  const notices = held.map(({ value }) => value);
  return {
    answer: {
      kind: 'document',
      status: 200,
      contentType: FHIR_JSON,
      body: JSON.stringify(searchset(context.id(0), notices)),
    },
    records: changed.map(({ value, version }) => noticeWrite({ ...value, state: AFTER_READING[value.state] }, version)),
    events: [{ action: 'read-notices', outcome: 'success' }],
    facts: [{ kind: 'notices-read', attributes: { count: notices.length, unseen: changed.length } }],
  };
}
