/** The steps of a child protection story: who is known, a plan uploaded, a child seen, an authority told. */

import type { Answered } from '../../examples/connected-system.ts';
import { type ExampleChild, known, localAuthorityUpload } from '../../examples/cpis/examples.ts';
import { exampleNhsNumber } from '../../examples/eps/examples.ts';
import type { TestHub } from '../support/hub.ts';
import { freshId } from '../support/orders.ts';
import { commitDecision } from '../support/registration.ts';

const UPLOAD = '/cpis/local-authority-upload';
const CARE_TEAM = '/child-protection-information-sharing/FHIR/R4/CareTeam';

export const child = (index: number): ExampleChild => ({
  nhsNumber: exampleNhsNumber(index),
  familyName: 'Quickfall',
  givenName: 'Amy',
  birthDate: '20180514',
});

/** Demographics come with an issue of their own: until then a story begins with who is known. */
export const meet = (hub: TestHub, person: ExampleChild): Promise<void> =>
  commitDecision(hub.store, {
    answer: { kind: 'accepted', text: '' },
    records: [known(person)],
    events: [{ action: 'seed-person', outcome: 'success' }],
  });

let sequence = 0;
export async function uploadPlan(hub: TestHub, person: ExampleChild): Promise<Answered> {
  const { authority } = hub.systems;
  sequence++;
  const body = localAuthorityUpload({
    id: freshId(),
    ods: authority.ods,
    sequence,
    records: [{ id: freshId(), kind: 'CPP', person, start: '20250601' }],
  });
  return authority.client.send('POST', UPLOAD, { 'content-type': 'application/xml', 'x-request-id': freshId() }, body);
}

export async function look(
  hub: TestHub,
  person: ExampleChild,
  { activity = 'B0107', unscheduled = 'true', requestId = freshId() } = {},
): Promise<Answered> {
  const { emergency } = hub.systems;
  const patient = encodeURIComponent(`https://fhir.nhs.uk/Id/nhs-number|${person.nhsNumber}`);
  return emergency.client.fhir('GET', `${CARE_TEAM}?patient%3Aidentifier=${patient}`, {
    requestId,
    token: await hub.token(emergency, [activity]),
    headers: { isunscheduledaccessevent: unscheduled },
  });
}

export const noticesOf = (hub: TestHub, person: ExampleChild) =>
  hub.systems.authority.door.taken.filter(({ body }) => body.includes(person.nhsNumber));

export const visitsOf = async (hub: TestHub, person: ExampleChild) =>
  hub.store.records.find('cpis.visit', 'child', person.nhsNumber, { limit: 10 });
