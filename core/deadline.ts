/** Every wait has an end: a promise that is not settled in time rejects with the given error. */
import { HubError } from './errors.ts';

export async function deadline<T>(work: Promise<T>, within_ms: number, what: string): Promise<T> {
  let handle: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    handle = setTimeout(() => reject(new HubError('DEADLINE_PASSED', { what, within_ms })), within_ms);
    handle.unref();
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(handle);
  }
}
