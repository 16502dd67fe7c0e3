/** Child protection: the council's plans with a result for each, a visit that is told to it once, a silent view that is not. */
import { type ExampleChild, known, localAuthorityUpload } from '../cpis/examples.ts';
import type { ExamplePatient } from '../eps/prescription.ts';
import { freshId, textIn } from './answers.ts';
import type { Connected } from './connect.ts';
import type { Story } from './scene.ts';

const BASE = '/child-protection-information-sharing/FHIR/R4';
const NHS_NUMBER = 'https://fhir.nhs.uk/Id/nhs-number';

const childOf = ({ nhsNumber, family, given, birthDate }: ExamplePatient): ExampleChild => ({
  nhsNumber,
  familyName: family,
  givenName: given,
  birthDate: birthDate.replaceAll('-', ''),
});

export const protection: Story = async (chapter, { systems, office, patients }) => {
  const { council, emergency } = systems;
  const [child, sibling, unknown] = [childOf(patients.child), childOf(patients.sibling), childOf(patients.unknown)];
  for (const person of [child, sibling]) await office.know(known(person));

  const records = [
    { id: freshId(), kind: 'CPP', person: child, start: '20260105' },
    { id: freshId(), kind: 'LAC', person: sibling, start: '20260202' },
    { id: freshId(), kind: 'CPP', person: unknown, start: '20260303' },
  ] as const;
  const file = localAuthorityUpload({
    id: freshId(),
    ods: council.system.ods,
    name: council.system.organisation,
    sequence: Date.now(),
    records,
  });
  const result = await chapter.send({
    what: 'file of three plans',
    from: council,
    expected: 200,
    send: (id) =>
      council.client.send(
        'POST',
        '/cpis/local-authority-upload',
        { 'content-type': 'application/xml', 'x-request-id': id },
        file,
      ),
  });
  await chapter.expect('each record has its result: in, in, no match', ['CPR06', 'CPR06', 'CPR01'], () =>
    [...result.body.matchAll(/<code code="(CPR\d\d)"/g)].map(([, code]) => code ?? ''),
  );

  const view =
    ({ nhsNumber }: ExampleChild, unscheduled: boolean) =>
    async (id: string) =>
      emergency.client.fhir(
        'GET',
        `${BASE}/CareTeam?patient%3Aidentifier=${encodeURIComponent(`${NHS_NUMBER}|${nhsNumber}`)}`,
        {
          requestId: id,
          token: await emergency.token(),
          headers: { isunscheduledaccessevent: String(unscheduled) },
        },
      );
  const visitId = freshId();
  const visit = view(child, true);
  const parts = { from: emergency, tells: ['council'] as const, expected: 200, id: visitId, send: visit };
  const seen = await chapter.send({ what: 'a child comes in: view', ...parts });
  await chapter.expect('the department sees the plan', 'Subject to child protection plan', () => planIn(seen.body));
  await chapter.send({ what: 'the same view, sent again', ...parts });
  const silent = await chapter.send({
    what: 'silent view of another',
    from: emergency,
    expected: 200,
    send: view(sibling, false),
  });
  await chapter.expect('the silent view shows its plan too', 'Looked after child', () => planIn(silent.body));
  await chapter.settled();
  await chapter.expect('the council is told of the visit exactly once', 1, () => noticesOf(council, child));
  await chapter.expect('and never of the silent view', 0, () => noticesOf(council, sibling));

  return { 'plan-uploaded': 1, 'child-protection-viewed': 2 };
};

/** The category of the first plan. */
const planIn = (body: string): string =>
  textIn(body, 'entry', 0, 'resource', 'category', 0, 'coding', 0, 'display') || 'no plan';

const noticesOf = ({ endpoint }: Connected, { nhsNumber }: ExampleChild): number =>
  (endpoint?.received ?? []).filter(({ body }) => body.includes(nhsNumber)).length;
