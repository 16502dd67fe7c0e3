/** Who asks: the business function that the call chose, held against the role of the token, and the parties' rule. */
import type { Decision } from '../../core/decision.ts';
import { ERRORS, type ErrorCode, HubError } from '../../core/errors.ts';
import type { NhsNumber, OdsCode } from '../../core/identifiers.ts';
import type { Context } from '../adapter.ts';
import { type ApiError, coded } from './error-codes.ts';
import type { Referral } from './model.ts';

/**
 * Business functions and the activity of the role that permits each. Source: NHS e-Referral Service, business roles
 * (registration authority codes). A call names its function in NHSD-eRS-Business-Function; the token must permit it.
 */
export const BUSINESS_FUNCTIONS = {
  REFERRING_CLINICIAN: 'B1101',
  REFERRING_CLINICIAN_ADMIN: 'B1102',
  REFERRING_ADMIN: 'B1103',
  SERVICE_PROVIDER_CLINICIAN: 'B1110',
  SERVICE_PROVIDER_CLINICIAN_ADMIN: 'B1115',
  SERVICE_PROVIDER_ADMIN: 'B1120',
} as const;
export type BusinessFunction = keyof typeof BUSINESS_FUNCTIONS;

const REFERRERS = ['REFERRING_CLINICIAN', 'REFERRING_CLINICIAN_ADMIN'] as const;
const PROVIDERS = ['SERVICE_PROVIDER_CLINICIAN', 'SERVICE_PROVIDER_CLINICIAN_ADMIN'] as const;

/** Which functions may do what. Source: the roles that the owner's sandbox takes at each endpoint. */
export const ROLES = {
  'read-referral': [...REFERRERS, ...PROVIDERS],
  'read-worklist': [...REFERRERS, 'REFERRING_ADMIN', ...PROVIDERS, 'SERVICE_PROVIDER_ADMIN'],
  'create-referral': REFERRERS,
  'find-slots': REFERRERS,
  'book-referral': REFERRERS,
  'accept-referral': PROVIDERS,
  'reject-referral': PROVIDERS,
} as const satisfies Record<string, readonly BusinessFunction[]>;
export type ReferralAction = keyof typeof ROLES;

/** The activities of which a token needs one for this action. */
export const activitiesFor = (action: ReferralAction): readonly string[] =>
  ROLES[action].map((name) => BUSINESS_FUNCTIONS[name]);

export const isReferrer = (name: BusinessFunction): boolean => name.startsWith('REFERRING');

/** The headers that say in which function, for which organisation and for whom. */
export const SESSION_HEADERS = [
  'nhsd-ers-business-function',
  'nhsd-ers-on-behalf-of-user-id',
  'nhsd-end-user-organisation-ods',
] as const;

export interface Session {
  readonly ods: OdsCode;
  readonly userId: string;
  readonly businessFunction: BusinessFunction;
  readonly onBehalfOf?: string;
}

export type Opened =
  | { readonly kind: 'session'; readonly session: Session }
  | { readonly kind: 'refused'; readonly decision: Decision };

const isBusinessFunction = (value: string): value is BusinessFunction => Object.hasOwn(BUSINESS_FUNCTIONS, value);

/** The session of this call, or why there is none: function, activity, organisation and on-behalf-of must all agree. */
export function openSession(action: ReferralAction, context: Context): Opened {
  const { person, party } = context;
  if (!person) throw new HubError('PERSON_REQUIRED');
  const [chosen, onBehalfOf, claimed] = SESSION_HEADERS.map((name) => context.cause.parameters[name]);
  const no = (code: ErrorCode, text?: string): Opened => ({
    kind: 'refused',
    decision: refuse({ action, code, serviceCode: 'FORBIDDEN', ...(text !== undefined && { text }) }),
  });
  if (person.ods !== party.ods || (claimed !== undefined && claimed !== person.ods)) return no('PARTY_MISMATCH');
  if (chosen === undefined || !isBusinessFunction(chosen))
    return no('ROLE_NOT_PERMITTED', 'NHSD-eRS-Business-Function must name a function of the service.');
  const allowed: readonly BusinessFunction[] = ROLES[action];
  if (!allowed.includes(chosen) || !person.activities.has(BUSINESS_FUNCTIONS[chosen])) return no('ROLE_NOT_PERMITTED');
  if ((chosen === 'SERVICE_PROVIDER_CLINICIAN_ADMIN') !== (onBehalfOf !== undefined && onBehalfOf !== ''))
    return no(
      'ROLE_NOT_PERMITTED',
      'NHSD-eRS-On-Behalf-Of-User-ID is for SERVICE_PROVIDER_CLINICIAN_ADMIN, always, and for nobody else.',
    );
  const session: Session = {
    ods: person.ods,
    userId: person.userId,
    businessFunction: chosen,
    ...(onBehalfOf && { onBehalfOf }),
  };
  return { kind: 'session', session };
}

/** Role alone is not enough: the organisation must be a party to this very referral, on the side it acts for. */
export function isParty(session: Session, referral: Referral): boolean {
  return session.ods === (isReferrer(session.businessFunction) ? referral.referrer : referral.appointment?.provider);
}

export interface Refusal {
  readonly action: string;
  readonly code: ErrorCode;
  readonly serviceCode?: ApiError;
  readonly text?: string;
  readonly patient?: NhsNumber;
  readonly entity?: string;
}

/** A refusal by rule is a decision: answered, audited, and the same for a repeat. */
export function refuse({ action, code, serviceCode, text, patient, entity }: Refusal): Decision {
  return {
    answer: {
      kind: 'refused',
      code,
      ...(serviceCode !== undefined && coded(serviceCode)),
      text: text ?? ERRORS[code].text,
    },
    events: [
      {
        action,
        outcome: 'refused',
        code,
        ...(patient !== undefined && { patient }),
        ...(serviceCode !== undefined && { reason: serviceCode }),
        ...(entity !== undefined && { entity }),
      },
    ],
  };
}

/** What the published service says with 422 and a code of its own list. */
export const unprocessable = (refusal: Omit<Refusal, 'code'> & { readonly serviceCode: ApiError }): Decision =>
  refuse({ ...refusal, code: 'RULE_UNPROCESSABLE' });
