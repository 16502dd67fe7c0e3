/** What every chapter is told with: the connected systems, the people who do not exist, and what may be looked at. */
import type { Store } from '../../core/store.ts';
import { type ExamplePatient, examplePatient } from '../eps/prescription.ts';
import type { Chapter } from './chapter.ts';
import type { Connected } from './connect.ts';
import type { Office } from './office.ts';
import type { SystemName } from './systems.ts';

export interface Scene {
  readonly systems: Readonly<Record<SystemName, Connected>>;
  readonly store: Store;
  readonly office: Office;
  /** The hub as ebXML headers name it. */
  readonly hub: { readonly partyKey: string; readonly cpaId: string };
  readonly patients: Readonly<
    Record<'ordered' | 'summarised' | 'guarded' | 'referred' | 'child' | 'sibling' | 'unknown', ExamplePatient>
  >;
}

/** Tells its messages into a chapter, and says which facts the lake must have learnt from them. */
export type Story = (chapter: Chapter, scene: Scene) => Promise<Facts>;

/** How many facts of each kind. */
export type Facts = Readonly<Record<string, number>>;

const RANGE = 100_000;

/** Seven people of the test range, others than in an earlier run with all likelihood; two of them are children. */
export function castPatients(seed: number): Scene['patients'] {
  const one = (place: number): ExamplePatient => examplePatient((seed + place) % RANGE);
  const young = (place: number): ExamplePatient => ({ ...one(place), birthDate: '2018-05-14' });
  return {
    ordered: one(0),
    summarised: one(1),
    guarded: one(2),
    referred: one(3),
    child: young(4),
    sibling: young(5),
    unknown: young(6),
  };
}
