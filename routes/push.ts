/** The push transport: takes each delivery to its receiver in the receiver's own protocol. */
import type { ClientTlsParts } from '../certs/tls-options.ts';
import type { DirectoryReader, Endpoint } from '../core/directory.ts';
import type { Transport } from '../core/transport.ts';
import { createEbxmlPush, type HubParty } from './ebxml/push.ts';
import { createFhirPush } from './fhir/push.ts';
import { createPoster, type PosterParts, type WirePush } from './poster.ts';

export interface PushParts extends PosterParts {
  /** Who the hub is in ebXML headers. */
  readonly hub: HubParty;
  readonly directory: Pick<DirectoryReader, 'system'>;
}

export interface PushTransport extends Transport {
  /** Later attempts use these certificates and revocation lists. */
  renew(tls: ClientTlsParts): void;
}

/** Every attempt of a delivery sends the same bytes, so `repeated` changes nothing here. */
export function createPush(parts: PushParts): PushTransport {
  const poster = createPoster(parts);
  const plain = createFhirPush({ poster });
  const byWire: Readonly<Record<Endpoint['wire'], WirePush>> = {
    ebxml: createEbxmlPush({ poster, hub: parts.hub, directory: parts.directory }),
    fhir: plain,
    xml: plain,
  };
  return {
    push: (delivery, endpoint) => byWire[endpoint.wire](delivery, endpoint),
    renew: (tls) => poster.renew(tls),
    close: () => poster.close(),
  };
}
