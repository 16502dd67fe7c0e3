/** What an ebXML header must agree with: the SOAPAction, its own parts, the hub's party and the contract. */
import type { Instant } from '../../core/clock.ts';
import type { Contract } from '../../core/contract.ts';
import { type Fault, HubError } from '../../core/errors.ts';
import type { InteractionId, PartyKey } from '../../core/identifiers.ts';
import type { EbxmlHeader } from './header.ts';
import { bareContentId, type MimePart } from './mime.ts';
import { NEXT_ACTOR, PARTY_TYPE, TO_PARTY_ACTOR } from './names.ts';

/** `service:action`, the form in which the directory and the adapters name an interaction. */
export const interactionOf = (header: Pick<EbxmlHeader, 'service' | 'action'>): InteractionId =>
  `${header.service}:${header.action}`;

/**
 * The SOAPAction header says `<service>/<action>`, with or without quotes; one that is not sent is not judged.
 * @throws HubError EBXML_INVALID where it says another.
 */
export function checkSoapAction(header: EbxmlHeader, soapAction: string | undefined): void {
  if (soapAction === undefined) return;
  const said = soapAction.trim().replace(/^"(.*)"$/, '$1');
  if (said === `${header.service}/${header.action}`) return;
  throw new HubError('EBXML_INVALID', { faults: [{ path: 'SOAPAction', what: 'is not <eb:Service>/<eb:Action>' }] });
}

/** What travels with a header: the part that the interaction reads, and the rest. */
export interface EbxmlContent {
  /** The part that the first `cid:` reference names; absent where the message carries none. */
  readonly payload?: MimePart;
  readonly attachments: readonly MimePart[];
}

/**
 * Matches the manifest with the parts: every `cid:` reference names a part, and every part but the root is named.
 * `mid:` references are of messages that travel by themselves.
 * @throws HubError EBXML_INVALID with a fault INVALID_MANIFEST_REFERENCE for each that does not match.
 */
export function readManifest(header: EbxmlHeader, parts: readonly MimePart[]): EbxmlContent {
  const [, ...carried] = parts;
  const named: MimePart[] = [];
  const faults: Fault[] = [];
  header.references.forEach(({ href }, index) => {
    if (!href.startsWith('cid:')) return;
    const contentId = contentIdOf(href);
    const part = carried.find((candidate) => candidate.contentId === contentId);
    if (part && !named.includes(part)) named.push(part);
    else
      faults.push({
        path: `eb:Manifest/eb:Reference[${index + 1}]`,
        what: `INVALID_MANIFEST_REFERENCE: ${part ? 'names a part a second time' : 'no part has this Content-Id'}`,
      });
  });
  carried.forEach((part, index) => {
    if (!named.includes(part))
      faults.push({
        path: `part[${index + 2}]`,
        what: 'INVALID_MANIFEST_REFERENCE: the manifest does not name this part',
      });
  });
  if (faults.length > 0) throw new HubError('EBXML_INVALID', { faults: faults.slice(0, 20) });
  const [payload, ...attachments] = named;
  return { ...(payload && { payload }), attachments };
}

/** The content id that a `cid:` reference means, percent-encoding undone (RFC 2392). */
function contentIdOf(href: string): string {
  const text = href.slice('cid:'.length);
  try {
    return bareContentId(decodeURIComponent(text));
  } catch {
    return bareContentId(text);
  }
}

/**
 * The To party is the hub itself.
 * @throws HubError PARTY_UNKNOWN, in the service's own list 501314 (invalid To party).
 */
export function checkReceiver(header: EbxmlHeader, hubPartyKey: PartyKey): void {
  const faults: Fault[] = [];
  if (header.to.type !== undefined && header.to.type !== PARTY_TYPE)
    faults.push({ path: 'eb:To/eb:PartyId/@eb:type', what: `is not ${PARTY_TYPE}` });
  if (header.to.id !== hubPartyKey) faults.push({ path: 'eb:To/eb:PartyId', what: 'is not the party of this hub' });
  if (faults.length > 0) throw new HubError('PARTY_UNKNOWN', { serviceCode: '501314', faults });
}

/**
 * The header asks for what the contract of the interaction says, no more and no less.
 * The names are those of the owner's published validator.
 * @throws HubError CONTRACT_MISMATCH with one named fault for each difference.
 */
export function checkContract(header: EbxmlHeader, contract: Contract): void {
  const faults: Fault[] = [];
  const compare = (asked: boolean, agreed: boolean, path: string, name: string): void => {
    if (asked !== agreed) faults.push({ path, what: `${name}: ${agreed ? 'must be there' : 'must not be there'}` });
  };
  compare(
    header.duplicateElimination,
    contract.duplicateElimination,
    'eb:MessageHeader/eb:DuplicateElimination',
    'DUPLICATE_ELIMINATION_INCONSISTENT_WITH_CONTRACT',
  );
  compare(
    header.ackRequested !== undefined,
    contract.acknowledgementRequested,
    'soap:Header/eb:AckRequested',
    'ACK_REQUESTED_INCONSISTENT_WITH_CONTRACT',
  );
  compare(header.syncReply, contract.syncReply, 'soap:Header/eb:SyncReply', 'SYNCREPLY_INCONSISTENT_WITH_CONTRACT');
  if (header.ackRequested) faults.push(...acknowledgementFaults(header.ackRequested));
  if (faults.length > 0) throw new HubError('CONTRACT_MISMATCH', { faults });
}

function acknowledgementFaults({ actor, signed }: NonNullable<EbxmlHeader['ackRequested']>): Fault[] {
  const path = 'soap:Header/eb:AckRequested';
  const faults: Fault[] = [];
  if (actor !== TO_PARTY_ACTOR && actor !== NEXT_ACTOR)
    faults.push({
      path: `${path}/@soap:actor`,
      what: 'ACK_REQUESTED_ACTOR_INVALID: is neither toPartyMSH nor nextMSH',
    });
  if (signed) faults.push({ path: `${path}/@eb:signed`, what: 'ACK_REQUESTED_SIGNED_INVALID: must be false' });
  return faults;
}

/** @throws HubError EBXML_INVALID where the sender's TimeToLive has passed (ebMS 2.0, 3.1.6.4). */
export function checkTimeToLive(header: EbxmlHeader, now: Instant): void {
  if (header.timeToLive === undefined || header.timeToLive > now) return;
  throw new HubError('EBXML_INVALID', { faults: [{ path: 'eb:MessageData/eb:TimeToLive', what: 'has passed' }] });
}
