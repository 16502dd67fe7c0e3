/** Reads the published privacy alert, a FHIR R4 AuditEvent, into the words of the service. */
import type { CheckedDocument } from '../../core/document.ts';
import { isOdsCode, type NhsNumber, type OdsCode } from '../../core/identifiers.ts';
import { json, nhsNumber, wrong } from './fhir.ts';
import { ALERT_REASONS, ALERT_TYPES, type AlertReason, type AlertType } from './model.ts';
import { at, listAt, textAt } from './select.ts';
import { ALERT_REASON, ALERT_TYPE, NHS_NUMBER, NOTIFICATION, ODS_CODE, SDS_USER, SPINE_ASID } from './systems.ts';

export interface AlertRequest {
  readonly nhsNumber: NhsNumber;
  readonly type: AlertType;
  readonly reason: AlertReason;
  /** Who the message says it is: claims, held against certificate and token. */
  readonly claimed: { readonly ods: OdsCode; readonly userId: string; readonly systemId?: string };
  readonly words?: string;
}

/** The privacy alert: one type, one reason, and exactly one agent each for patient, organisation and user. */
export function readAlert(document: CheckedDocument): AlertRequest {
  const event = json(document);
  const subtypes = listAt(event, 'subtype');
  if (subtypes.length !== 1) throw wrong('AuditEvent.subtype', 'exactly one is expected');
  const type = coded(at(event, 'type'), ALERT_TYPE, ALERT_TYPES, 'AuditEvent.type');
  const reason = coded(subtypes[0], ALERT_REASON, ALERT_REASONS, 'AuditEvent.subtype');
  const notices = listAt(event, 'extension').filter((each) => at(each, 'url') === NOTIFICATION);
  if (notices.length !== 1 || textAt(notices[0], 'valueString') === undefined)
    throw wrong('AuditEvent.extension', 'exactly one notification message is expected');
  const entities = listAt(event, 'entity');
  if (entities.length !== 1 || textAt(entities[0], 'what', 'identifier', 'value') === undefined)
    throw wrong('AuditEvent.entity', 'exactly one with an identifier is expected');
  const user = agent(event, SDS_USER);
  if (listAt(user, 'role').length === 0) throw wrong('AuditEvent.agent.role', 'the user needs a role');
  const ods = claimedBy(agent(event, ODS_CODE));
  if (!isOdsCode(ods)) throw wrong('AuditEvent.agent', 'an organisation code is expected');
  const observer = at(event, 'source', 'observer', 'identifier');
  const systemId = at(observer, 'system') === SPINE_ASID ? textAt(observer, 'value') : undefined;
  const words = textAt(event, 'outcomeDesc');
  return {
    nhsNumber: nhsNumber(claimedBy(agent(event, NHS_NUMBER)), 'AuditEvent.agent'),
    type,
    reason,
    claimed: { ods, userId: claimedBy(user), ...(systemId !== undefined && { systemId }) },
    ...(words !== undefined && { words }),
  };
}

function agent(event: unknown, system: string): unknown {
  const found = listAt(event, 'agent').filter((each) => at(each, 'who', 'identifier', 'system') === system);
  const first = found[0];
  if (found.length !== 1 || claimedBy(first) === '')
    throw wrong('AuditEvent.agent', `exactly one with an identifier of ${system} is expected`);
  if (at(first, 'requestor') !== false) throw wrong('AuditEvent.agent.requestor', 'false is expected');
  return first;
}

const claimedBy = (found: unknown): string => textAt(found, 'who', 'identifier', 'value') ?? '';

function coded<Table extends object>(
  coding: unknown,
  system: string,
  table: Table,
  path: string,
): keyof Table & string {
  const code = textAt(coding, 'code');
  if (at(coding, 'system') !== system || code === undefined || !Object.hasOwn(table, code))
    throw wrong(path, `one of ${Object.keys(table).join(', ')} of ${system} is expected`);
  return code as keyof Table & string;
}
