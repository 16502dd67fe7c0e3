/** The demonstration itself: connects six systems to a running hub, tells every story, and says whether all was seen. */
import { join } from 'node:path';
import { systemClock } from '../../core/clock.ts';
import type { Hub } from '../../hub.ts';
import { openDevelopmentIssuer } from '../../identity/development-issuer.ts';
import type { EndpointOptions } from '../connected-system.ts';
import { nominatedRelease } from '../eps/examples.ts';
import { type ClosedChapter, isMet, openChapter } from './chapter.ts';
import { type Connected, connect, untilKnown } from './connect.ts';
import { openOffice } from './office.ts';
import { prescriptions } from './prescriptions.ts';
import { protection } from './protection.ts';
import { referrals } from './referrals.ts';
import { refusals } from './refusals.ts';
import { castPatients, type Facts, type Story } from './scene.ts';
import { summaries } from './summaries.ts';
import { SYSTEM_NAMES, SYSTEMS, type SystemName } from './systems.ts';
import { openTrail } from './trail.ts';

export interface DemonstrationParts {
  readonly hub: Hub;
  /** Called once, when every system is connected. */
  readonly introduce: (systems: readonly Connected[]) => void;
  /** Called as each chapter ends. */
  readonly tell: (chapter: ClosedChapter) => void;
  /** How long an effect may take to be seen. */
  readonly within_ms?: number;
  /** What the own doors of some systems answer; they acknowledge everything unless told otherwise. */
  readonly answers?: Readonly<Partial<Record<SystemName, EndpointOptions['answer']>>>;
}

export interface Demonstration {
  readonly chapters: readonly ClosedChapter[];
  /** True where every expected effect was seen, and no other. */
  readonly met: boolean;
  /** Ends the systems; the hub is its starter's to stop. */
  close(): Promise<void>;
}

const EFFECT_WITHIN_ms = 15_000;

export async function demonstrate(parts: DemonstrationParts): Promise<Demonstration> {
  const { hub, introduce, tell, within_ms = EFFECT_WITHIN_ms } = parts;
  const { config, store, messageUrl } = hub;
  const systems = await connectAll(parts);
  introduce(Object.values(systems));
  const trail = openTrail(store, config.dataFolder, within_ms);
  await emptyShelf(systems.pharmacy);
  await trail.begin();

  const byName = new Map(SYSTEM_NAMES.map((name) => [name, systems[name]] as const));
  const office = await openOffice(hub);
  const patients = castPatients(Math.floor(Date.now() / 100));
  const scene = { systems, store, office, hub: config, patients };
  const stories: readonly (readonly [title: string, story: Story])[] = [
    ['Electronic prescriptions', prescriptions],
    ['Summary Care Record', summaries],
    ['e-Referral', referrals],
    ['Child protection', protection],
    ['Repeated, refused', refusals(messageUrl)],
  ];
  const chapters: ClosedChapter[] = [];
  const facts: Record<string, number> = {};
  const open = (title: string) => openChapter(title, { store, systems: byName, within_ms });

  for (const [title, story] of stories) {
    const chapter = open(title);
    add(facts, await story(chapter, scene));
    const closed = await chapter.close();
    chapters.push(closed);
    tell(closed);
  }
  const last = open('Written down');
  await trail.tell(last, { chapters, facts, patients });
  const closed = await last.close();
  chapters.push(closed);
  tell(closed);

  await trail.close();
  office.close();
  return {
    chapters,
    met: chapters.every(isMet),
    close: async () => void (await Promise.all(Object.values(systems).map((system) => system.close()))),
  };
}

async function connectAll({ hub, answers = {} }: DemonstrationParts): Promise<Record<SystemName, Connected>> {
  const { config, messageUrl } = hub;
  const office = await openOffice(hub);
  const issuer = await openDevelopmentIssuer(join(config.dataFolder, 'issuer'), { clock: systemClock });
  const folder = join(config.dataFolder, 'demonstration');
  const connected = {} as Record<SystemName, Connected>;
  // One after the other, as registrations come.
  for (const name of SYSTEM_NAMES) {
    const answer = answers[name];
    const parts = { office, issuer, audience: config.partyKey, messageUrl, folder, ...(answer && { answer }) };
    connected[name] = await connect(SYSTEMS[name], parts);
  }
  office.close();
  await hub.refresh();
  for (const system of Object.values(connected)) await untilKnown(system);
  return connected;
}

/** What an earlier run left at the pharmacy's counter is taken away, so that this one finds its own prescriptions alone. */
async function emptyShelf({ client, system, token }: Connected): Promise<void> {
  const options = { token: await token(), body: nominatedRelease({ ods: system.ods }) };
  await client.fhir('POST', '/fhir-dispensing/FHIR/R4/Task/$release', options);
}

function add(facts: Record<string, number>, more: Facts): void {
  for (const [kind, count] of Object.entries(more)) facts[kind] = (facts[kind] ?? 0) + count;
}
