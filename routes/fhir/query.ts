/** Reads paths and query strings strictly: what is not understood is refused, never guessed. */
import { type Fault, HubError } from '../../core/errors.ts';

const LIMITS = { pathLength: 2_000, queryLength: 4_000, parameters: 32, faults: 20 } as const;

const invalid = (faults: readonly Fault[]): HubError =>
  new HubError('PARAMETER_INVALID', { faults: faults.slice(0, LIMITS.faults) });

/** Percent-decoding of UTF-8; `+` is itself and no space. Undefined for a broken escape or a control character. */
function decode(text: string): string | undefined {
  if (/[^\x21-\x7e]/.test(text)) return undefined;
  try {
    const decoded = decodeURIComponent(text);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get in
    return /[\u0000-\u001f\u007f-\u009f]/.test(decoded) ? undefined : decoded;
  } catch {
    return undefined;
  }
}

/**
 * The segments of a path, decoded. Empty and dot segments, slashes and backslashes in any spelling, control characters
 * and broken escapes are refused: a path means one thing or nothing.
 * @throws HubError PARAMETER_INVALID
 */
export function readPath(path: string): readonly string[] {
  if (!path.startsWith('/') || path.length > LIMITS.pathLength)
    throw invalid([{ path: 'path', what: `does not begin with / or is longer than ${LIMITS.pathLength}` }]);
  return path
    .slice(1)
    .split('/')
    .map((segment) => {
      const decoded = decode(segment);
      if (decoded === undefined || decoded === '' || decoded === '.' || decoded === '..' || /[/\\]/.test(decoded))
        throw invalid([
          { path: 'path', what: 'a segment is empty, a dot segment, or holds a character that no path may hold' },
        ]);
      return decoded;
    });
}

/**
 * The parameters of a query string by name, without its `?`. `allowed` names them, a `!` after a required one.
 * @throws HubError PARAMETER_INVALID with a fault for each that is unknown, repeated, empty, missing or wrongly escaped.
 */
export function parseQuery(query: string, allowed: readonly string[] = []): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  const faults: Fault[] = [];
  const names = new Set(allowed.map((name) => name.replace(/!$/, '')));
  if (query.length > LIMITS.queryLength)
    throw invalid([{ path: 'query', what: `is longer than ${LIMITS.queryLength}` }]);
  const pairs = query === '' ? [] : query.split('&');
  if (pairs.length > LIMITS.parameters)
    throw invalid([{ path: 'query', what: `more than ${LIMITS.parameters} parameters` }]);
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? undefined : decode(pair.slice(equals + 1));
    // A name that nobody asked for is the sender's text and is not said back.
    if (name === undefined || !names.has(name))
      faults.push({ path: 'query', what: 'a parameter that this path does not take' });
    else if (Object.hasOwn(found, name)) faults.push({ path: `query.${name}`, what: 'is given more than once' });
    else if (value === undefined || value === '')
      faults.push({ path: `query.${name}`, what: 'is empty or wrongly escaped' });
    else found[name] = value;
  }
  for (const name of allowed)
    if (
      name.endsWith('!') &&
      !Object.hasOwn(found, name.slice(0, -1)) &&
      !faults.some(({ path }) => path === `query.${name.slice(0, -1)}`)
    )
      faults.push({ path: `query.${name.slice(0, -1)}`, what: 'is missing' });
  if (faults.length > 0) throw invalid(faults);
  return found;
}
