/** The Summary Care Record: uploaded by the surgery, viewed with permission, and against it in an emergency. */
import { accessPath, alert, getPath, listPath, permission, summary } from '../scr/examples.ts';
import { codesIn, freshId, identifiersIn, refusalOf, SNOMED, SUMMARY_ID, textIn } from './answers.ts';
import type { Connected } from './connect.ts';
import type { Story } from './scene.ts';
import { PRIVACY_ALERT } from './systems.ts';

const BASE = '/summary-care-record/FHIR/R4';
const HYPERTENSION = '59621000';

export const summaries: Story = async (chapter, { systems, patients }) => {
  const { surgery, pharmacy, emergency } = systems;
  const { nhsNumber: open } = patients.summarised;
  const { nhsNumber: guarded } = patients.guarded;

  const post = (from: Connected, path: string, body: object) => async (id: string) =>
    from.client.fhir('POST', `${BASE}${path}`, {
      requestId: id,
      token: await from.token(),
      body: JSON.stringify(body),
    });
  const get = (from: Connected, path: string) => async (id: string) =>
    from.client.fhir('GET', `${BASE}${path}`, { requestId: id, token: await from.token() });

  /** The latest summary's id: a new one must name the one that it replaces. */
  async function upload(nhsNumber: string, what: string): Promise<string> {
    const before = await get(surgery, listPath(nhsNumber))(freshId());
    const [replaces] = identifiersIn(before.body, SUMMARY_ID);
    const ids = { nhsNumber, summaryId: freshId(), bundleId: freshId(), ods: surgery.system.ods };
    await chapter.send({
      what,
      from: surgery,
      expected: 201,
      send: post(surgery, '/Bundle', summary({ ...ids, ...(replaces !== undefined && { replaces }) })),
    });
    return ids.summaryId;
  }

  const openId = await upload(open, 'upload of a summary');
  await chapter.send({
    what: 'permission: yes',
    from: pharmacy,
    expected: 201,
    send: post(pharmacy, '/$setPermission', permission(open, 'Yes')),
  });
  const listed = await chapter.send({
    what: 'list',
    from: pharmacy,
    expected: 200,
    send: get(pharmacy, listPath(open)),
  });
  await chapter.expect('the pharmacy finds the summary', [openId], () => identifiersIn(listed.body, SUMMARY_ID));
  const viewed = await chapter.send({
    what: 'view',
    from: pharmacy,
    expected: 200,
    send: get(pharmacy, getPath(open, openId)),
  });
  await chapter.expect('and reads the diagnosis in it', true, () =>
    codesIn(viewed.body, SNOMED).includes(HYPERTENSION),
  );

  const guardedId = await upload(guarded, 'upload of another');
  await chapter.send({
    what: 'permission: no',
    from: surgery,
    expected: 201,
    send: post(surgery, '/$setPermission', permission(guarded, 'No')),
  });
  const denied = await chapter.send({
    what: 'view, not permitted',
    from: emergency,
    expected: 403,
    send: get(emergency, getPath(guarded, guardedId)),
  });
  await chapter.expect('the department may not look', 'PERMISSION_REQUIRED', () => refusalOf(denied));
  await chapter.send({
    what: 'override in an emergency',
    from: emergency,
    tells: ['surgery'],
    expected: 201,
    send: post(
      emergency,
      '/AuditEvent',
      alert({
        alertId: freshId(),
        nhsNumber: guarded,
        ods: emergency.system.ods,
        userId: emergency.system.worker?.userId ?? '',
        systemId: emergency.system.systemId,
        at: new Date().toISOString(),
      }),
    ),
  });
  await chapter.expect('the surgery receives one privacy alert', 1, () => privacyAlerts(surgery, guarded));
  const overridden = await chapter.send({
    what: 'view, overridden',
    from: emergency,
    expected: 200,
    send: get(emergency, getPath(guarded, guardedId)),
  });
  await chapter.expect('now the department reads the diagnosis', true, () =>
    codesIn(overridden.body, SNOMED).includes(HYPERTENSION),
  );
  const accesses = await chapter.send({
    what: 'who looked?',
    from: surgery,
    expected: 200,
    send: get(surgery, accessPath(guarded)),
  });
  await chapter.expect('the access list names who looked', emergency.system.ods, () =>
    textIn(accesses.body, 'entry', 0, 'resource', 'agent', 0, 'who', 'identifier', 'value'),
  );
  return { 'summary-uploaded': 2, 'summary-viewed': 2, 'summary-override': 1 };
};

/** How many alerts about this patient came in at the surgery's door. */
const privacyAlerts = ({ endpoint, system }: Connected, nhsNumber: string): number =>
  system.receives.includes(PRIVACY_ALERT)
    ? (endpoint?.received ?? []).filter(({ body }) => {
        const text = body.toString();
        return textIn(text, 'resourceType') === 'AuditEvent' && text.includes(nhsNumber);
      }).length
    : 0;
