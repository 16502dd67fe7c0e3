/** Why a door refused a connection or a request that never became one: codes for the audit, without names. */

export type RefusalReason =
  | 'too-many-connections'
  | 'too-many-connections-from-address'
  | 'handshake-timeout'
  | 'handshake-cut'
  | 'handshake-failed'
  | 'protocol-version'
  | 'no-shared-suite'
  | 'certificate-missing'
  | 'certificate-expired'
  | 'certificate-not-yet-valid'
  | 'certificate-untrusted'
  /** Issued by itself, or by an intermediate that was not configured with its revocation list. */
  | 'authority-unknown'
  | 'certificate-revoked'
  | 'certificate-wrong-usage'
  | 'certificate-weak'
  | 'revocation-list-stale'
  | 'request-timeout'
  | 'request-malformed'
  | 'request-headers-too-large';

export interface Refusal {
  readonly reason: RefusalReason;
  /** Network address of the other end, '' when it is gone already. */
  readonly address: string;
}

/** Told of each refusal; must not throw. A flood of refusals is a flood of calls: whoever writes them down bounds them. */
export type ReportRefusal = (refusal: Refusal) => void;

/** By the code of OpenSSL's certificate check (X509_V_ERR_...). */
const BY_VERIFICATION: Readonly<Record<string, RefusalReason>> = {
  CERT_HAS_EXPIRED: 'certificate-expired',
  CERT_NOT_YET_VALID: 'certificate-not-yet-valid',
  CERT_REVOKED: 'certificate-revoked',
  CERT_SIGNATURE_FAILURE: 'certificate-untrusted',
  CERT_UNTRUSTED: 'certificate-untrusted',
  CERT_REJECTED: 'certificate-untrusted',
  CERT_CHAIN_TOO_LONG: 'certificate-untrusted',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate-untrusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'certificate-untrusted',
  UNABLE_TO_GET_ISSUER_CERT: 'certificate-untrusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'certificate-untrusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificate-untrusted',
  INVALID_CA: 'certificate-untrusted',
  PATH_LENGTH_EXCEEDED: 'certificate-untrusted',
  INVALID_PURPOSE: 'certificate-wrong-usage',
  UNABLE_TO_GET_CRL: 'authority-unknown',
  CRL_HAS_EXPIRED: 'revocation-list-stale',
  CRL_NOT_YET_VALID: 'revocation-list-stale',
  EE_KEY_TOO_SMALL: 'certificate-weak',
  CA_KEY_TOO_SMALL: 'certificate-weak',
  CA_MD_TOO_WEAK: 'certificate-weak',
};

/** By the code of the error that ended a handshake or a request. */
const BY_ERROR: Readonly<Record<string, RefusalReason>> = {
  ERR_TLS_HANDSHAKE_TIMEOUT: 'handshake-timeout',
  ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'certificate-missing',
  ERR_SSL_UNSUPPORTED_PROTOCOL: 'protocol-version',
  ERR_SSL_WRONG_VERSION_NUMBER: 'protocol-version',
  ERR_SSL_VERSION_TOO_LOW: 'protocol-version',
  ERR_SSL_NO_SHARED_CIPHER: 'no-shared-suite',
  ERR_SSL_NO_SUITABLE_SIGNATURE_ALGORITHM: 'no-shared-suite',
  ERR_SSL_NO_SUITABLE_KEY_SHARE: 'no-shared-suite',
  ERR_SSL_NO_SHARED_SIGNATURE_ALGORITHMS: 'no-shared-suite',
  ECONNRESET: 'handshake-cut',
  EPIPE: 'handshake-cut',
  HPE_HEADER_OVERFLOW: 'request-headers-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
};

/** Of a handshake that failed; `verification` is the socket's authorizationError. */
export function handshakeRefusal(error: NodeJS.ErrnoException, verification: unknown): RefusalReason {
  const checked = typeof verification === 'string' ? BY_VERIFICATION[verification] : undefined;
  if (checked !== undefined) return checked;
  if (typeof verification === 'string') return 'certificate-untrusted';
  return BY_ERROR[error.code ?? ''] ?? 'handshake-failed';
}

/** Of a request that could not be read; undefined where the other end just went away. */
export function requestRefusal(error: NodeJS.ErrnoException): RefusalReason | undefined {
  if (error.code === 'ECONNRESET' || error.code === 'EPIPE') return undefined;
  return BY_ERROR[error.code ?? ''] ?? 'request-malformed';
}
