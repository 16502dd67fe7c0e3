/** What the hub reads from a verified token: the user, the roles, and the certificate it is bound to. */
import { HubError } from '../core/errors.ts';
import { isOdsCode, type OdsCode } from '../core/identifiers.ts';
import type { Person } from '../core/party.ts';

/** One role of a user, as the national role-based access claim says it. */
export interface Role {
  /** Identifier of the role (URID): what the header NHSD-Session-URID chooses. */
  readonly roleId: string;
  readonly role: string;
  readonly ods: OdsCode;
  readonly activities: ReadonlySet<string>;
}

export interface Claims {
  readonly userId: string;
  readonly roles: readonly Role[];
  /** `cnf['x5t#S256']` (RFC 8705, 3.1): base64url SHA-256 of the only certificate that may show this token. */
  readonly certificate?: string;
}

const LIMITS = { roles: 200, activities: 1_000, text: 200 } as const;

/**
 * Reads the payload of a token whose signature, issuer, audience and times were checked already.
 * Source: NHS CIS2 userinfo and token claims `nhsid_useruid`, `nhsid_nrbac_roles`.
 * Throws a plain Error that says what is wrong; the verifier hides it from the caller.
 */
export function readClaims(payload: Readonly<Record<string, unknown>>): Claims {
  const userId = text(payload['nhsid_useruid'] ?? payload['sub'], 'user');
  const list = payload['nhsid_nrbac_roles'];
  if (!Array.isArray(list) || list.length > LIMITS.roles) throw new Error('roles: a list is needed');
  const roles = list.map(readRole);
  if (new Set(roles.map(({ roleId }) => roleId)).size !== roles.length) throw new Error('roles: an id twice');
  const certificate = readBinding(payload['cnf']);
  return { userId, roles, ...(certificate !== undefined && { certificate }) };
}

function readRole(value: unknown): Role {
  const role = object(value, 'role');
  const activities = role['activity_codes'] ?? [];
  if (!Array.isArray(activities) || activities.length > LIMITS.activities) throw new Error('role: activities');
  const ods = text(role['org_code'], 'role: organisation');
  if (!isOdsCode(ods)) throw new Error('role: organisation');
  return {
    roleId: text(role['person_roleid'], 'role: id'),
    role: text(role['role_code'], 'role: code'),
    ods,
    activities: new Set(activities.map((code) => text(code, 'role: activity'))),
  };
}

/** A confirmation that we do not understand is one we cannot check, so it is refused. */
function readBinding(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const confirmation = object(value, 'cnf');
  if (Object.keys(confirmation).join() !== 'x5t#S256') throw new Error('cnf: only x5t#S256 is known');
  return text(confirmation['x5t#S256'], 'cnf');
}

/** The role the caller chose, or the only one there is. Throws HubError TOKEN_INVALID. */
export function chooseRole(claims: Claims, sessionRoleId: string | undefined): Person {
  const { userId, roles } = claims;
  const role =
    sessionRoleId === undefined
      ? roles.length === 1
        ? roles[0]
        : undefined
      : roles.find(({ roleId }) => roleId === sessionRoleId);
  if (role === undefined) {
    const what = sessionRoleId === undefined ? 'several roles and none chosen' : 'the chosen role is not in the token';
    throw new HubError('TOKEN_INVALID', {}, { cause: new Error(what) });
  }
  return { userId, roleId: role.roleId, role: role.role, ods: role.ods, activities: role.activities };
}

function object(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${what}: not an object`);
  return value as Readonly<Record<string, unknown>>;
}

function text(value: unknown, what: string): string {
  if (typeof value !== 'string' || value === '' || value.length > LIMITS.text) throw new Error(`${what}: no text`);
  return value;
}
