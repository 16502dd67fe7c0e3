/** What operators may register, checked in full before anything is decided: every mistake is named at once. */
import type { Contract } from '../core/contract.ts';
import type { ConnectedSystem, Endpoint, Organisation } from '../core/directory.ts';
import { type Fault, HubError } from '../core/errors.ts';
import {
  type InteractionId,
  isOdsCode,
  isSystemId,
  type OdsCode,
  type PartyKey,
  type SystemId,
} from '../core/identifiers.ts';
import { SYSTEM_KINDS, type SystemKind } from '../core/party.ts';

/** A system to be registered; it is active at once. */
export type SystemInput = Omit<ConnectedSystem, 'status' | 'certificates'> & {
  /** Fingerprints in either case, with or without colons. */
  readonly certificates?: readonly string[];
};

/** What may change afterwards; null takes an endpoint or the own contracts away. */
export interface SystemChange {
  readonly systemId: SystemId;
  /** The version that was read; without it the change is made to whatever is there. */
  readonly version?: number;
  readonly name?: string;
  readonly sends?: readonly InteractionId[];
  readonly receives?: readonly InteractionId[];
  readonly endpoint?: Endpoint | null;
  readonly contracts?: Readonly<Record<InteractionId, Partial<Contract>>> | null;
}

/** A step in a system's life; the reason is the operator's own word for the audit trail. */
export interface SystemStep {
  readonly systemId: SystemId;
  readonly reason?: string;
}

export interface CertificateInput {
  readonly systemId: SystemId;
  readonly fingerprint: string;
}

/** True for an interaction that the hub carries: one that adapters take or announce. */
export type Knows = (interaction: InteractionId) => boolean;

const LIMITS = { name: 200, reason: 200, interactions: 500, certificates: 20, contracts: 500, faults: 50 } as const;
/** `A83008-820001`: organisation code, hyphen, six or seven digits. */
const PARTY_KEY = /^[A-Z0-9]{3,12}-\d{6,7}$/;
const FINGERPRINT = /^[A-F0-9]{64}$/;
const WIRES: readonly Endpoint['wire'][] = ['ebxml', 'fhir', 'xml'];
const ORDERS: readonly Contract['order'][] = ['none', 'receiver', 'key'];

export const isPartyKey = (value: string): value is PartyKey => PARTY_KEY.test(value);

/** `AB:CD` and `abcd` are the same certificate: capitals without colons. */
export const plainFingerprint = (text: string): string => text.replaceAll(':', '').toUpperCase();

/** @throws HubError VALUE_INVALID with a fault for each wrong field; values are never said back. */
export function readSystemInput(input: unknown, knows: Knows): ConnectedSystem {
  const form = new Form(input);
  const endpoint = form.has('endpoint') ? form.endpoint() : undefined;
  const contracts = form.has('contracts') ? form.contracts(knows) : undefined;
  const system: ConnectedSystem = {
    systemId: form.systemId(),
    partyKey: form.text('partyKey', isPartyKey, 'is not an organisation code, a hyphen and six or seven digits'),
    ods: form.ods(),
    kind: form.choice<SystemKind>('kind', SYSTEM_KINDS),
    name: form.name(),
    status: 'active',
    sends: form.interactions('sends', knows),
    receives: form.interactions('receives', knows),
    ...(endpoint && { endpoint }),
    certificates: form.has('certificates') ? form.fingerprints('certificates') : [],
    ...(contracts && { contracts }),
  };
  form.done(
    Object.keys(system)
      .concat('endpoint', 'contracts')
      .filter((name) => name !== 'status'),
  );
  return system;
}

/** @throws HubError VALUE_INVALID */
export function readSystemChange(input: unknown, knows: Knows): SystemChange {
  const form = new Form(input);
  const change: SystemChange = {
    systemId: form.systemId(),
    ...(form.has('version') && { version: form.whole('version', 1, Number.MAX_SAFE_INTEGER) }),
    ...(form.has('name') && { name: form.name() }),
    ...(form.has('sends') && { sends: form.interactions('sends', knows) }),
    ...(form.has('receives') && { receives: form.interactions('receives', knows) }),
    ...(form.has('endpoint') && { endpoint: form.isNull('endpoint') ? null : form.endpoint() }),
    ...(form.has('contracts') && { contracts: form.isNull('contracts') ? null : form.contracts(knows) }),
  };
  form.done(Object.keys(change));
  return change;
}

/** @throws HubError VALUE_INVALID */
export function readSystemStep(input: unknown): SystemStep {
  const form = new Form(input);
  const isReason = (text: string): boolean => text.length <= LIMITS.reason && isPlain(text);
  const step: SystemStep = {
    systemId: form.systemId(),
    ...(form.has('reason') && {
      reason: form.text('reason', isReason, `is not 1 to ${LIMITS.reason} plain characters`),
    }),
  };
  form.done(['systemId', 'reason']);
  return step;
}

/** @throws HubError VALUE_INVALID */
export function readCertificateInput(input: unknown): CertificateInput {
  const form = new Form(input);
  const read = { systemId: form.systemId(), fingerprint: form.fingerprint() };
  form.done(['systemId', 'fingerprint']);
  return read;
}

/** @throws HubError VALUE_INVALID */
export function readOrganisationInput(input: unknown): Organisation {
  const form = new Form(input);
  const read = { ods: form.ods(), name: form.name(), active: form.has('active') ? form.flag('active') : true };
  form.done(['ods', 'name', 'active']);
  return read;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what a name may not hold
const isPlain = (text: string): boolean => text.trim() !== '' && !/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(text);

/** One object under examination: each reader gives a value of the right type, or notes a fault and gives a stand-in. */
class Form {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #prefix: string;
  readonly #faults: Fault[];

  constructor(input: unknown, prefix = '', faults: Fault[] = []) {
    const isObject = typeof input === 'object' && input !== null && !Array.isArray(input);
    this.#values = isObject ? (input as Readonly<Record<string, unknown>>) : {};
    this.#prefix = prefix;
    this.#faults = faults;
    if (!isObject) this.#faults.push({ path: prefix || '/', what: 'is not an object' });
  }

  has(name: string): boolean {
    return this.#value(name) !== undefined;
  }

  isNull(name: string): boolean {
    return this.#value(name) === null;
  }

  /** Refuses fields that nobody asked for: a misspelt one must not be lost in silence. */
  done(known: readonly string[]): void {
    this.only(known);
    if (this.#faults.length > 0) throw new HubError('VALUE_INVALID', { faults: this.#faults.slice(0, LIMITS.faults) });
  }

  only(known: readonly string[]): void {
    if (Object.keys(this.#values).some((name) => !known.includes(name)))
      this.#fault('', 'has a field that is not known here');
  }

  text(name: string, fits: (value: string) => boolean, what: string): string {
    const value = this.#value(name);
    if (typeof value === 'string' && fits(value)) return value;
    this.#fault(name, value === undefined ? 'is missing' : what);
    return '';
  }

  systemId(): SystemId {
    return this.text('systemId', isSystemId, 'is not twelve digits');
  }

  ods(): OdsCode {
    return this.text('ods', isOdsCode, 'is not three to twelve capital letters and digits');
  }

  name(): string {
    const fits = (text: string): boolean => text.length <= LIMITS.name && isPlain(text);
    return this.text('name', fits, `is not 1 to ${LIMITS.name} plain characters`);
  }

  fingerprint(): string {
    const fits = (text: string): boolean => FINGERPRINT.test(plainFingerprint(text));
    return plainFingerprint(this.text('fingerprint', fits, 'is not a SHA-256 fingerprint of 64 hexadecimal digits'));
  }

  choice<Choice extends string>(name: string, choices: readonly Choice[]): Choice {
    const value = this.#value(name);
    const found = choices.find((choice) => choice === value);
    if (found === undefined) this.#fault(name, `is not one of ${choices.join(', ')}`);
    return found ?? (choices[0] as Choice);
  }

  flag(name: string): boolean {
    const value = this.#value(name);
    if (typeof value !== 'boolean') this.#fault(name, 'is neither true nor false');
    return value === true;
  }

  whole(name: string, least: number, most: number): number {
    return this.#number(name, least, most, Number.isSafeInteger, 'a whole number');
  }

  interactions(name: string, knows: Knows): readonly InteractionId[] {
    const ids = this.#strings(name, LIMITS.interactions);
    ids.forEach((id, at) => {
      if (!knows(id)) this.#fault(`${name}[${at}]`, 'is not an interaction that the hub carries');
    });
    return ids;
  }

  fingerprints(name: string): readonly string[] {
    const fingerprints = this.#strings(name, LIMITS.certificates).map(plainFingerprint);
    if (fingerprints.some((text) => !FINGERPRINT.test(text)))
      this.#fault(name, 'holds something that is no SHA-256 fingerprint');
    if (new Set(fingerprints).size < fingerprints.length) this.#fault(name, 'holds one fingerprint twice');
    return fingerprints;
  }

  endpoint(): Endpoint {
    const form = new Form(this.#value('endpoint'), this.#path('endpoint'), this.#faults);
    const endpoint: Endpoint = {
      url: form.text('url', isEndpointUrl, 'is not an https address without user name, password and fragment'),
      wire: form.choice('wire', WIRES),
      timeout_ms: form.whole('timeout_ms', 100, 120_000),
    };
    form.only(['url', 'wire', 'timeout_ms']);
    return endpoint;
  }

  contracts(knows: Knows): Readonly<Record<InteractionId, Partial<Contract>>> {
    const form = new Form(this.#value('contracts'), this.#path('contracts'), this.#faults);
    const ids = Object.keys(form.#values);
    if (ids.length > LIMITS.contracts) form.#fault('', `has more than ${LIMITS.contracts} contracts`);
    if (ids.some((id) => !knows(id))) form.#fault('', 'names an interaction that the hub does not carry');
    return Object.fromEntries(ids.slice(0, LIMITS.contracts).map((id, at) => [id, form.#contract(id, at)]));
  }

  #contract(id: InteractionId, at: number): Partial<Contract> {
    const form = new Form(this.#value(id), `${this.#prefix}[${at}]`, this.#faults);
    const day_ms = 24 * 60 * 60 * 1_000;
    const contract: Partial<Contract> = {
      ...(form.has('acknowledgementRequested') && { acknowledgementRequested: form.flag('acknowledgementRequested') }),
      ...(form.has('duplicateElimination') && { duplicateElimination: form.flag('duplicateElimination') }),
      ...(form.has('retries') && { retries: form.whole('retries', 0, 100) }),
      ...(form.has('retryInterval_ms') && { retryInterval_ms: form.whole('retryInterval_ms', 10, day_ms) }),
      ...(form.has('persistDuration_ms') && { persistDuration_ms: form.whole('persistDuration_ms', 100, 30 * day_ms) }),
      ...(form.has('syncReply') && { syncReply: form.flag('syncReply') }),
      ...(form.has('order') && { order: form.choice('order', ORDERS) }),
      ...(form.has('backoff') && { backoff: form.#number('backoff', 1, 10, Number.isFinite, 'a number') }),
    };
    form.only(Object.keys(contract));
    return contract;
  }

  #number(name: string, least: number, most: number, fits: (value: unknown) => boolean, kind: string): number {
    const value = this.#value(name);
    if (typeof value === 'number' && fits(value) && value >= least && value <= most) return value;
    this.#fault(name, `is not ${kind} from ${least} to ${most}`);
    return least;
  }

  #strings(name: string, most: number): readonly string[] {
    const value = this.#value(name);
    const isList = Array.isArray(value) && value.length <= most && value.every((item) => typeof item === 'string');
    if (!isList) this.#fault(name, `is not a list of up to ${most} texts`);
    else if (new Set(value).size < value.length) this.#fault(name, 'holds one entry twice');
    return isList ? value : [];
  }

  #value(name: string): unknown {
    return Object.hasOwn(this.#values, name) ? this.#values[name] : undefined;
  }

  #fault(name: string, what: string): void {
    this.#faults.push({ path: this.#path(name) || '/', what });
  }

  #path(name: string): string {
    return [this.#prefix, name].filter((part) => part !== '').join('.');
  }
}

function isEndpointUrl(text: string): boolean {
  const url = text.length <= 500 ? URL.parse(text) : null;
  return (
    url?.protocol === 'https:' && url.hostname !== '' && url.username === '' && url.password === '' && url.hash === ''
  );
}
