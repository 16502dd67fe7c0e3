/** Reads a Content-Type header: the media type in lower case and its parameters (RFC 2045, 5.1). */

export interface ContentType {
  /** `multipart/related`, in lower case. */
  readonly mediaType: string;
  /** Values by lower-case name, quotes and escapes removed. */
  readonly parameters: ReadonlyMap<string, string>;
}

const MEDIA_TYPE = /^\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+\/[!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*/;
/** Real senders leave `start=name@host` and `start=<name@host>` without quotes, so a bare value runs to the next `;`. */
const PARAMETER = /;\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*(?:"((?:[^"\\\r\n]|\\[^\r\n])*)"|([^";\r\n]*?))\s*(?=;|$)/y;
const LONGEST = 1_000;

/** Undefined for a header that is not of the form, is longer than 1,000 characters or gives a parameter twice. */
export function readContentType(header: string): ContentType | undefined {
  if (header.length > LONGEST) return undefined;
  const mediaType = MEDIA_TYPE.exec(header);
  if (!mediaType?.[1]) return undefined;
  const parameters = new Map<string, string>();
  const text = header.trimEnd().replace(/;$/, '');
  PARAMETER.lastIndex = mediaType[0].length;
  while (PARAMETER.lastIndex < text.length) {
    const found = PARAMETER.exec(text);
    const name = found?.[1]?.toLowerCase();
    if (!found || name === undefined || parameters.has(name)) return undefined;
    parameters.set(name, found[2] === undefined ? (found[3] ?? '') : found[2].replace(/\\(.)/g, '$1'));
  }
  return { mediaType: mediaType[1].toLowerCase(), parameters };
}
