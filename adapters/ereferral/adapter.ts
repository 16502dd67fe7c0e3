/** The e-Referral service: what it takes, from whom, at which published address, and what it announces. */
import type { Adapter, Announcement, Interaction } from '../adapter.ts';
import { type Change, type CreateReferral, type Reject, readChange, readCreate, readReject, readUbrn } from './fhir.ts';
import {
  type BookOrDefer,
  type FetchWorklist,
  type FindSlots,
  type PublishService,
  readBooking,
  readFindSlots,
  readPublishService,
  readWorklist,
} from './fhir-requests.ts';
import { acceptReferral, createReferral, getReferral, REFERRAL_NOTICE, rejectReferral } from './rules.ts';
import { bookOrDefer, findSlots, publishService } from './rules-booking.ts';
import { fetchWorklist } from './rules-worklist.ts';
import { activitiesFor, type ReferralAction, SESSION_HEADERS } from './session.ts';

const BASE = '/referrals/FHIR/STU3';
const REFERRERS = ['general-practice'] as const;
const PROVIDERS = ['outpatient-booking'] as const;

const senders = (kinds: Interaction['senders']['kinds'], action: ReferralAction): Interaction['senders'] => ({
  kinds,
  person: 'token',
  activities: activitiesFor(action),
});

// Every interaction here is a 'query': the published service answers each call with its outcome, never with 'later'.

export const create: Interaction<CreateReferral> = {
  id: 'fhir:ers:create-referral',
  title: 'Create a referral',
  exchange: 'query',
  addresses: [
    {
      wire: 'fhir',
      method: 'POST',
      path: `${BASE}/ReferralRequest/$ers.createReferral`,
      headers: [...SESSION_HEADERS, 'nhsd-ers-comm-rule-org'],
    },
  ],
  schema: 'json:ereferral/create-referral',
  senders: senders(REFERRERS, 'create-referral'),
  read: readCreate,
  decide: createReferral,
};

export const get: Interaction<string> = {
  id: 'fhir:ers:get-referral',
  title: 'Read a referral',
  exchange: 'query',
  addresses: [{ wire: 'fhir', method: 'GET', path: `${BASE}/ReferralRequest/{ubrn}`, headers: SESSION_HEADERS }],
  schema: 'none',
  senders: senders([...REFERRERS, ...PROVIDERS], 'read-referral'),
  read: (_, cause) => readUbrn(cause),
  decide: getReferral,
};

export const worklist: Interaction<FetchWorklist> = {
  id: 'fhir:ers:fetch-worklist',
  title: 'Fetch a worklist',
  exchange: 'query',
  addresses: [
    { wire: 'fhir', method: 'POST', path: `${BASE}/ReferralRequest/$ers.fetchworklist`, headers: SESSION_HEADERS },
  ],
  schema: 'json:ereferral/fetch-worklist',
  senders: senders([...REFERRERS, ...PROVIDERS], 'read-worklist'),
  read: readWorklist,
  decide: fetchWorklist,
};

export const slots: Interaction<FindSlots> = {
  id: 'fhir:ers:find-slots',
  title: 'Find free slots',
  exchange: 'query',
  addresses: [
    {
      wire: 'fhir',
      method: 'GET',
      path: `${BASE}/Slot`,
      query: ['schedule.actor:HealthcareService!', 'appointmentType', 'status', '_count', 'page', '_include'],
      headers: SESSION_HEADERS,
    },
  ],
  schema: 'none',
  senders: senders(REFERRERS, 'find-slots'),
  read: (_, cause) => readFindSlots(cause),
  decide: findSlots,
};

export const book: Interaction<BookOrDefer> = {
  id: 'fhir:ers:book-or-defer',
  title: 'Book a slot, defer to the provider, or send for triage',
  exchange: 'query',
  addresses: [{ wire: 'fhir', method: 'POST', path: `${BASE}/Appointment`, headers: SESSION_HEADERS }],
  schema: 'json:ereferral/appointment',
  senders: senders(REFERRERS, 'book-referral'),
  read: readBooking,
  decide: bookOrDefer,
};

export const accept: Interaction<Change> = {
  id: 'fhir:ers:accept',
  title: 'Accept a referral',
  exchange: 'query',
  addresses: [
    {
      wire: 'fhir',
      method: 'POST',
      path: `${BASE}/ReferralRequest/{ubrn}/$ers.acceptReferral`,
      headers: [...SESSION_HEADERS, 'if-match'],
    },
  ],
  schema: 'none',
  senders: senders(PROVIDERS, 'accept-referral'),
  read: (_, cause) => readChange(cause),
  decide: acceptReferral,
};

export const reject: Interaction<Reject> = {
  id: 'fhir:ers:reject',
  title: 'Reject a referral',
  exchange: 'query',
  addresses: [
    {
      wire: 'fhir',
      method: 'POST',
      path: `${BASE}/ReferralRequest/{ubrn}/$ers.rejectReferral`,
      headers: [...SESSION_HEADERS, 'if-match'],
    },
  ],
  schema: 'json:ereferral/reject-referral',
  senders: senders(PROVIDERS, 'reject-referral'),
  read: readReject,
  decide: rejectReferral,
};

export const publish: Interaction<PublishService> = {
  id: 'fhir:ers:publish-service',
  title: 'Publish a service and its free slots',
  exchange: 'query',
  addresses: [{ wire: 'fhir', method: 'PUT', path: '/referrals/hub/HealthcareService/{id}' }],
  schema: 'json:ereferral/publish-service',
  senders: { kinds: PROVIDERS, person: 'none' },
  read: readPublishService,
  decide: publishService,
};

export const referralNotice: Announcement = {
  id: REFERRAL_NOTICE,
  title: 'A referral has come, or was decided',
  contract: { order: 'key' },
};

export const ereferral: Adapter = {
  name: 'ereferral',
  title: 'e-Referral',
  interactions: [create, get, worklist, slots, book, accept, reject, publish],
  announcements: [referralNotice],
};
