/** Replaces a patient by a keyed pseudonym: the same person is the same pseudonym in one lake, and nobody without the key. */
import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { NhsNumber } from '../core/identifiers.ts';

/**
 * 26 characters of the base-32 alphabet (A-Z, 2-7): 128 bits of an HMAC, so it cannot be reversed, and an enumeration of
 * all NHS numbers needs the key.
 */
export type Pseudonym = string;
export type Pseudonymise = (patient: NhsNumber) => Pseudonym;

const KEY_BYTES = 32;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const PSEUDONYM_BYTES = 16;

/**
 * Pseudonyms of one lake. Each lake has a key of its own, derived from the root key by HKDF-SHA-256 (RFC 5869), so that two
 * lakes cannot be joined on them.
 */
export function createPseudonymiser(rootKey: Uint8Array, lakeName: string): Pseudonymise {
  if (rootKey.length !== KEY_BYTES) throw new Error(`the root key has ${rootKey.length} bytes, not ${KEY_BYTES}`);
  const key = Buffer.from(hkdfSync('sha256', rootKey, '', `vertebra/lake/${lakeName}/patient/1`, KEY_BYTES));
  return (patient) => base32(createHmac('sha256', key).update(patient).digest().subarray(0, PSEUDONYM_BYTES));
}

/**
 * The root key: 32 random bytes in a file that only its owner may read, made at the first call. Whoever has the file can
 * tell whose facts are whose; whoever loses it starts a new set of pseudonyms. Throws Error where the file is readable by
 * others, or is no key.
 */
export function openRootKey(file: string): Uint8Array {
  try {
    return readRootKey(file);
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error;
  }
  makeRootKey(file);
  return readRootKey(file);
}

function readRootKey(file: string): Uint8Array {
  const handle = openSync(file, 'r');
  try {
    const mode = fstatSync(handle).mode & 0o777;
    if ((mode & 0o077) !== 0) {
      throw new Error(`${file} can be read by others (mode ${mode.toString(8)}): make it 600 and consider it known`);
    }
    const key = readFileSync(handle);
    if (key.length !== KEY_BYTES) throw new Error(`${file} has ${key.length} bytes, a key has ${KEY_BYTES}`);
    return key;
  } finally {
    closeSync(handle);
  }
}

/** Written whole under another name and linked in place, so that of two processes at once both end up with one key. */
function makeRootKey(file: string): void {
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const handle = openSync(draft, 'wx', 0o600);
  try {
    chmodSync(draft, 0o600);
    writeSync(handle, randomBytes(KEY_BYTES));
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  try {
    linkSync(draft, file);
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
  } finally {
    unlinkSync(draft);
  }
  syncFolder(dirname(file));
}

/** A name in a folder is kept once the folder is synced. */
export function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function base32(bytes: Uint8Array): string {
  let text = '';
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(held >> bits) & 31];
    }
    held &= (1 << bits) - 1;
  }
  return bits === 0 ? text : text + ALPHABET[(held << (5 - bits)) & 31];
}

const isCode = (error: unknown, code: string): boolean => (error as NodeJS.ErrnoException | undefined)?.code === code;
