/** The operator's token: 256 random bits in a file that its owner alone may read. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { link, mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export const operatorTokenPath = (dataFolder: string): string => join(dataFolder, 'operator.token');

/** The token of a data folder, made first where there is none. Throws where others may read it. */
export async function openOperatorToken(dataFolder: string): Promise<string> {
  const path = operatorTokenPath(dataFolder);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  if ((await stat(path).catch(() => undefined)) === undefined) await makeToken(path);
  return readOperatorToken(path);
}

/** @throws where there is none, others may read it, or it is not of its form */
export async function readOperatorToken(path: string): Promise<string> {
  if (((await stat(path)).mode & 0o077) !== 0) throw new Error(`${path} may be read by others: chmod 600 it.`);
  const token = (await readFile(path, 'utf8')).trim();
  if (!/^[A-Za-z0-9_-]{43}$/.test(token)) throw new Error(`${path} does not hold an operator token.`);
  return token;
}

/** Written beside and linked into place: of two processes that start together one wins, and both read its token. */
async function makeToken(path: string): Promise<void> {
  const beside = `${path}.${process.pid}.${randomBytes(6).toString('hex')}`;
  try {
    const file = await open(beside, 'wx', 0o600);
    try {
      await file.writeFile(`${randomBytes(32).toString('base64url')}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await link(beside, path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause;
  } finally {
    await rm(beside, { force: true });
  }
}

/** Takes as long for a wrong token as for the right one, whatever its length. */
export function tokenChecker(token: string): (authorization: string | undefined) => boolean {
  const right = digest(token);
  return (authorization) => {
    const [, given] = /^Bearer ([A-Za-z0-9_-]{1,200})$/i.exec(authorization ?? '') ?? [];
    return timingSafeEqual(digest(given ?? ''), right) && given !== undefined;
  };
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
