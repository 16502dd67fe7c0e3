/** How the directory is kept in the store: the kinds of record, their keys and their values. */
import type { ConnectedSystem, Organisation } from '../core/directory.ts';
import type { SystemId } from '../core/identifiers.ts';

export const KINDS = {
  /** By system id: a ConnectedSystem. */
  system: 'directory.system',
  /** By organisation code: an Organisation. */
  organisation: 'directory.organisation',
  /** By party key: who holds it. A key belongs to one system for ever, also after its revocation. */
  partyKey: 'directory.party-key',
  /** By fingerprint: who holds the certificate, while it is bound. */
  certificate: 'directory.certificate',
  /** One record, `current`: the number of the last change. */
  version: 'directory.version',
  /** By the change's number, twelve digits: what it touched. */
  change: 'directory.change',
} as const;

export const VERSION_KEY = 'current';

export type SystemRecord = ConnectedSystem;
export type OrganisationRecord = Organisation;

export interface HolderRecord {
  readonly systemId: SystemId;
}

export interface VersionRecord {
  readonly number: number;
}

export interface ChangeRecord {
  readonly kind: 'system' | 'organisation';
  readonly key: string;
}

/** Change numbers in keys sort as numbers. */
export const changeKey = (number: number): string => String(number).padStart(12, '0');
