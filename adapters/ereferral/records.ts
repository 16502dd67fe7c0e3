/** What the e-Referral service keeps: kinds, keys and indexes, and how each is written. */
import type { RecordWrite } from '../../core/decision.ts';
import type { OdsCode } from '../../core/identifiers.ts';
import type { StoredRecord } from '../../core/records.ts';
import type { Referral, Service, Slot } from './model.ts';
import { WORKLIST_NAMES, WORKLISTS, type WorklistName } from './states.ts';

/** Key: UBRN. The record's version is the referral's version. Indexes `patient`, `worklist`. */
export const REFERRAL = 'ers.referral';
/** Key: service id. Index `provider`. */
export const SERVICE = 'ers.service';
/** Key: slot id. Index `free`: the service, while nobody has it. */
export const SLOT = 'ers.slot';

/** The index value of one organisation's worklist. */
export const worklistOf = (ods: OdsCode, name: WorklistName): string => `${ods}/${name}`;

function worklistsOf(referral: Referral): string[] {
  const owner = { referrer: referral.referrer, provider: referral.appointment?.provider };
  return WORKLIST_NAMES.flatMap((name) => {
    const ods = owner[WORKLISTS[name].side];
    return ods !== undefined && WORKLISTS[name].shows(referral) ? [worklistOf(ods, name)] : [];
  });
}

/** `version` is the one that was read, 0 for a new referral; the write makes it one more. */
export const writeReferral = (version: number, value: Referral): RecordWrite => ({
  kind: REFERRAL,
  key: value.ubrn,
  version,
  value,
  indexes: { patient: value.nhsNumber, worklist: worklistsOf(value) },
});

/** A service as a provider offers it; also what a demonstration starts from. */
export const serviceRecord = (value: Service, version = 0): RecordWrite => ({
  kind: SERVICE,
  key: value.id,
  version,
  value,
  indexes: { provider: value.ods },
});

/** A slot of a service; also what a demonstration starts from. */
export const slotRecord = (value: Slot, version = 0): RecordWrite => ({
  kind: SLOT,
  key: value.id,
  version,
  value,
  indexes: value.ubrn === undefined ? { free: value.service } : {},
});

export const removeSlot = ({ key, version }: StoredRecord<Slot>): RecordWrite => ({
  kind: SLOT,
  key,
  version,
  value: null,
});
