/** Every delivery that a message asks for was made once, no other was made, and who could not be reached is told of. */
import type { Answer } from '../../core/decision.ts';
import type { DeliveryTrack } from '../../core/store.ts';
import { ACCESS_NOTIFICATION, ACKNOWLEDGEMENT } from './town.ts';
import type { Ended, Evidence } from './verdict.ts';

const FAILURE_NOTICE = 'urn:vertebra:delivery-failure';

export function judgeDeliveries(evidence: Evidence): void {
  for (const ended of evidence.letters) {
    judgeWished(ended, evidence);
    judgeNotices(ended, evidence);
    for (const delivery of ended.track?.deliveries ?? []) judgeOne(ended.name, delivery, evidence);
  }
  judgeArrivals(evidence);
}

/** What the message asks for: `receiver interaction`, each once. */
function wishedBy({ kept, track, told }: Ended, { town }: Evidence): string[] {
  if (!kept || track?.stage !== 'decided') return [];
  const { wish } = kept;
  if (wish.kind === 'order' && wish.acknowledged) return [`${told.letter.from.systemId} ${ACKNOWLEDGEMENT}`];
  if (wish.kind !== 'view' || !wish.told) return [];
  // whoever holds a plan that was shown is told, once for each opening
  const shown = new Set(
    careTeamsOf(track.answer).map((ods) => town.authorities.find((one) => one.ods === ods)?.systemId),
  );
  return [...shown].map((receiver) => `${receiver} ${ACCESS_NOTIFICATION}`);
}

/** Organisations whose plans an answer shows. */
function careTeamsOf(answer: Answer | undefined): string[] {
  if (answer?.kind !== 'document') return [];
  const { entry = [] } = JSON.parse(answer.body) as { entry?: { resource: CareTeam }[] };
  return entry.flatMap(({ resource }) =>
    resource.resourceType === 'CareTeam' ? resource.managingOrganization.map(({ identifier }) => identifier.value) : [],
  );
}

interface CareTeam {
  readonly resourceType: string;
  readonly managingOrganization: readonly { readonly identifier: { readonly value: string } }[];
}

function judgeWished(ended: Ended, evidence: Evidence): void {
  const made = (ended.track?.deliveries ?? []).filter(({ interaction }) => interaction !== FAILURE_NOTICE);
  const wished = new Set(wishedBy(ended, evidence));
  const counts = new Map<string, number>();
  for (const { receiver, interaction } of made) {
    const what = `${receiver} ${interaction}`;
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  for (const what of wished) if (!counts.has(what)) evidence.find('lost', `${ended.name} made no delivery ${what}`);
  for (const [what, count] of counts) {
    if (!wished.has(what)) evidence.find('unexpected', `${ended.name} made a delivery ${what}`);
    else if (count > 1) evidence.find('doubled', `${ended.name} made ${count} deliveries ${what}`);
  }
}

/** One notice for each thing that died, to whoever caused it. */
function judgeNotices({ name, told, track }: Ended, { find, deadLetters }: Evidence): void {
  const all = track?.deliveries ?? [];
  const notices = all.filter(({ interaction }) => interaction === FAILURE_NOTICE);
  const dead = all.filter(({ interaction, stage }) => stage === 'dead' && interaction !== FAILURE_NOTICE).length;
  const due = dead + (track?.stage === 'dead' ? 1 : 0);
  if (notices.length < due) find('lost', `${name} died ${due} times, with ${notices.length} notices`);
  if (notices.length > due) find('doubled', `${name} died ${due} times, with ${notices.length} notices`);
  if (notices.some(({ receiver }) => receiver !== told.letter.from.systemId)) {
    find('unexpected', `${name} sent its notice to somebody else`);
  }
  for (const { id, stage } of all) {
    if ((stage === 'dead') !== deadLetters.some((letter) => letter.id === id)) {
      find('broken', `${name} has a delivery ${id} that is ${stage}, and its dead letter says otherwise`);
    }
  }
}

/** What came to a receiver's door was made for that receiver. */
function judgeArrivals({ ledger, deliveries, letters, find }: Evidence): void {
  for (const { id, receiver, cause, interaction } of ledger.arrivals) {
    const name = `${cause.sender}/${cause.messageId}`;
    const known = deliveries.get(id);
    if (known?.receiver === receiver) continue;
    const meant = letters
      .find((one) => one.name === name)
      ?.track?.deliveries.some((one) => one.receiver === receiver && one.interaction === interaction);
    if (meant) find('doubled', `${name} came to ${receiver} under another id`);
    else find('unexpected', `${name} came to ${receiver}, for whom it was not`);
  }
}

function judgeOne(
  name: string,
  { id, stage, mode, attempts, reason = '' }: DeliveryTrack,
  { ledger, find }: Evidence,
): void {
  const came = ledger.arrivals.some((arrival) => arrival.id === id);
  if (stage === 'waiting') find('lost', `${name} still waits for its receiver: ${id}`);
  if (stage === 'acknowledged' && !came) find('lost', `${name} is called acknowledged and never came: ${id}`);
  if (stage === 'waiting' || mode === 'pull') return;
  const { made, uncounted } = ledger.attempts.get(id) ?? { made: 0, uncounted: false };
  // those that failed are counted; the one that was acknowledged is not among them
  if (!uncounted && made !== attempts + (stage === 'acknowledged' ? 1 : 0)) {
    find('broken', `${name} was attempted ${made} times, of which ${attempts} are counted as failed: ${id} ${reason}`);
  }
}
