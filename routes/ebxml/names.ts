/** The names that ebXML 2.0 messages are made of. Source: ebXML Message Service Specification 2.0; SOAP 1.1. */

export const SOAP = 'http://schemas.xmlsoap.org/soap/envelope/';
export const EB = 'http://www.oasis-open.org/committees/ebxml-msg/schema/msg-header-2_0.xsd';
export const XLINK = 'http://www.w3.org/1999/xlink';
export const HL7_EBXML = 'urn:hl7-org:transport/ebXML/DSTUv1.0';

/** The type of every party identifier here: organisation code and service instance. */
export const PARTY_TYPE = 'urn:nhs:names:partyType:ocs+serviceInstance';

/** The service of messages between the message handlers themselves (ebMS 2.0, 3.1.4). */
export const MSH_SERVICE = 'urn:oasis:names:tc:ebxml-msg:service';
export const ACKNOWLEDGMENT_ACTION = 'Acknowledgment';
export const ERROR_ACTION = 'MessageError';
/** What eb:Error codeContext says for the codes of ebMS 2.0, 4.2.3.4. */
export const ERROR_CONTEXT = 'urn:oasis:names:tc:ebxml-msg:service:errors';

/** The final receiver acknowledges. */
export const TO_PARTY_ACTOR = 'urn:oasis:names:tc:ebxml-msg:actor:toPartyMSH';
/** The next handler on the way acknowledges. */
export const NEXT_ACTOR = 'urn:oasis:names:tc:ebxml-msg:actor:nextMSH';
/** SOAP 1.1's own: whoever receives the message next. */
export const SOAP_NEXT_ACTOR = 'http://schemas.xmlsoap.org/soap/actor/next';
