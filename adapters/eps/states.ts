/** The states of a prescription and of its lines, as tables to hold against the published ones. */
import type { DispenseCode } from './refusals.ts';

/** Source: EPS prescription status, 2.16.840.1.113883.2.1.3.2.4.16.35 */
export const PRESCRIPTION_STATUS = {
  '0000': 'Awaiting Release Ready',
  '0001': 'To Be Dispensed',
  '0002': 'With Dispenser',
  '0003': 'With Dispenser - Active',
  '0004': 'Expired',
  '0005': 'Cancelled',
  '0006': 'Dispensed',
  '0007': 'Not Dispensed',
  '0008': 'Claimed',
  '0009': 'No-Claimed',
  '9000': 'Repeat Dispense future instance',
  '9001': 'Prescription future instance',
  '9005': 'Cancelled future instance',
} as const;
export type PrescriptionStatus = keyof typeof PRESCRIPTION_STATUS;

/** Source: EPS item status, 2.16.840.1.113883.2.1.3.2.4.17.23 */
export const LINE_STATUS = {
  '0001': 'Item fully dispensed',
  '0002': 'Item not dispensed',
  '0003': 'Item dispensed - partial',
  '0004': 'Item not dispensed owing',
  '0005': 'Item cancelled',
  '0006': 'Expired',
  '0007': 'Item to be dispensed',
  '0008': 'Item with dispenser',
} as const;
export type LineStatus = keyof typeof LINE_STATUS;

export const isPrescriptionStatus = (code: string): code is PrescriptionStatus =>
  Object.hasOwn(PRESCRIPTION_STATUS, code);
export const isLineStatus = (code: string): code is LineStatus => Object.hasOwn(LINE_STATUS, code);

const WAITING = ['0005', '0006', '0007'] as const;

/** Which line states a prescription in each state may hold. Source: the owner's published EPS library, valid states. */
export const LEGAL_LINES: Readonly<Record<PrescriptionStatus, readonly LineStatus[]>> = {
  '0000': WAITING,
  '0001': WAITING,
  '0002': ['0005', '0006', '0008'],
  '0003': ['0001', '0002', '0003', '0004', '0005', '0006', '0008'],
  '0004': ['0005', '0006'],
  '0005': ['0005', '0006'],
  '0006': ['0001', '0002', '0005', '0006'],
  '0007': ['0002', '0005', '0006'],
  '0008': ['0001', '0002', '0005', '0006'],
  '0009': ['0001', '0002', '0005', '0006'],
  '9000': WAITING,
  '9001': WAITING,
  '9005': WAITING,
};

export const isLegal = (status: PrescriptionStatus, lines: readonly LineStatus[]): boolean =>
  lines.every((line) => LEGAL_LINES[status].includes(line));

/** What a dispense notification may turn a prescription into. */
export const DISPENSE_MOVES: Readonly<Partial<Record<PrescriptionStatus, readonly PrescriptionStatus[]>>> = {
  '0002': ['0003', '0006', '0007'],
  '0003': ['0003', '0006', '0007'],
};

/**
 * What a dispense notification may turn a line into. The owner's list is not published; this one is derived from the
 * legal combinations and the published examples: what was supplied cannot be taken back (that is a withdrawal), and a
 * finished line is repeated as it stands in later notifications.
 */
export const DISPENSE_LINE_MOVES: Readonly<Record<LineStatus, readonly LineStatus[]>> = {
  '0001': ['0001'],
  '0002': ['0002'],
  '0003': ['0001', '0003'],
  '0004': ['0001', '0002', '0003', '0004'],
  '0005': ['0005'],
  '0006': ['0006'],
  '0007': [],
  '0008': ['0001', '0002', '0003', '0004', '0008'],
};

/** What release does to a line; those not named stay as they are. */
export const RELEASE_LINE_MOVES: Readonly<Partial<Record<LineStatus, LineStatus>>> = { '0007': '0008' };

const FINISHED: ReadonlySet<LineStatus> = new Set(['0001', '0002', '0005', '0006']);

/** The state that lines add up to once a pharmacy has worked on them, for notifications that do not state it. */
export function statusOf(lines: readonly LineStatus[]): PrescriptionStatus {
  if (!lines.every((line) => FINISHED.has(line))) return '0003';
  return lines.includes('0001') ? '0006' : '0007';
}

/** Code of the dispense list that refuses a release of one prescription; undefined where it may be released. */
export const RELEASE_REFUSED: Readonly<Record<PrescriptionStatus, DispenseCode | undefined>> = {
  '0000': '0003',
  '0001': undefined,
  '0002': '0004',
  '0003': '0004',
  '0004': '0002',
  '0005': '0001',
  '0006': '0005',
  '0007': '0005',
  '0008': '0005',
  '0009': '0005',
  '9000': '0003',
  '9001': '0003',
  '9005': '0003',
};
