/** Undoes the Content-Transfer-Encoding of one part (RFC 2045, 6). */
import { HubError } from '../../core/errors.ts';

/** Quoted-printable is read piece by piece, so a part in it may not be large enough to hold others up. */
const QUOTED_PRINTABLE_LIMIT_BYTES = 512 * 1_024;

const broken = (path: string, what: string): HubError => new HubError('MULTIPART_BROKEN', { faults: [{ path, what }] });

/** @throws HubError MULTIPART_BROKEN with a fault at `path` for an unknown encoding or content that is not in it. */
export function decodeTransfer(encoding: string | undefined, content: Buffer, path: string): Buffer {
  const name = (encoding ?? '8bit').toLowerCase();
  switch (name) {
    // A part that says 7bit and holds more is read as it is: its own charset decides what it means.
    case '7bit':
    case '8bit':
    case 'binary':
      return content;
    case 'base64':
      return decodeBase64(content, path);
    case 'quoted-printable':
      return decodeQuotedPrintable(content, path);
    default:
      throw broken(path, 'content-transfer-encoding is not 7bit, 8bit, binary, base64 or quoted-printable');
  }
}

function decodeBase64(content: Buffer, path: string): Buffer {
  const text = content.toString('latin1').replace(/[\r\n\t ]+/g, '');
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw broken(path, 'the content is not base64');
  return Buffer.from(text, 'base64');
}

function decodeQuotedPrintable(content: Buffer, path: string): Buffer {
  if (content.length > QUOTED_PRINTABLE_LIMIT_BYTES)
    throw broken(path, `quoted-printable content is longer than ${QUOTED_PRINTABLE_LIMIT_BYTES} bytes`);
  const text = content.toString('latin1').replace(/=[ \t]*\r?\n/g, '');
  if (/=(?![0-9A-Fa-f]{2})/.test(text)) throw broken(path, 'an equals sign is not followed by two hexadecimal digits');
  const decoded = text.replace(/=([0-9A-Fa-f]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
  return Buffer.from(decoded, 'latin1');
}
