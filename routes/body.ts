/** Reads a request's body into one bounded buffer; a body that lies about its length or unpacks without end is cut off. */
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { HubError } from '../core/errors.ts';

const unpack = promisify(gunzip);
const EMPTY = Buffer.alloc(0);
const FIRST_BYTES = 8_192;

/**
 * @throws HubError BODY_TOO_LARGE (declared, chunked or unpacked), BODY_INCOMPLETE, CONTENT_ENCODING_UNSUPPORTED
 */
export async function readBody(request: IncomingMessage, most_bytes: number): Promise<Buffer> {
  const declared = request.headers['content-length'];
  if (declared !== undefined && Number(declared) > most_bytes) throw new HubError('BODY_TOO_LARGE', { most_bytes });
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity' && encoding !== 'gzip') throw new HubError('CONTENT_ENCODING_UNSUPPORTED');
  const sent = await collect(request, declared === undefined ? undefined : Number(declared), most_bytes);
  if (encoding === 'identity' || sent.length === 0) return sent;
  try {
    return await unpack(sent, { maxOutputLength: most_bytes });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw new HubError('BODY_TOO_LARGE', { most_bytes });
    throw new HubError('CONTENT_ENCODING_UNSUPPORTED', {
      faults: [{ path: 'Content-Encoding', what: 'the body is not gzip' }],
    });
  }
}

function collect(request: IncomingMessage, declared: number | undefined, most_bytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let buffer: Buffer = EMPTY;
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      const needed = length + chunk.length;
      if (needed > most_bytes) {
        request.pause();
        reject(new HubError('BODY_TOO_LARGE', { most_bytes }));
        return;
      }
      if (length === 0 && chunk.length === declared) {
        buffer = chunk;
        length = needed;
        return;
      }
      if (needed > buffer.length) {
        const grown = Buffer.allocUnsafe(
          Math.min(Math.max(declared ?? 0, needed, buffer.length * 2, FIRST_BYTES), most_bytes),
        );
        buffer.copy(grown, 0, 0, length);
        buffer = grown;
      }
      chunk.copy(buffer, length);
      length = needed;
    });
    request.on('end', () => resolve(length === buffer.length ? buffer : buffer.subarray(0, length)));
    request.on('error', (cause) => reject(new HubError('BODY_INCOMPLETE', {}, { cause })));
    request.on('close', () => {
      if (!request.complete) reject(new HubError('BODY_INCOMPLETE'));
    });
  });
}
