/** The signed heads as they lie in their file: one JSON object a line, each naming the line before it. */
import { createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where the chain stood when it was signed. */
export interface Head {
  /** The last line's sequence number and hash. */
  readonly seq: number;
  readonly hash: string;
  /** ISO 8601, by the hub's clock. */
  readonly at: string;
  /** SHA-256, hex, of the head before this one as its line stands in the file; '' for the first. */
  readonly previous: string;
  /** SHA-256, hex, of the public key (SPKI, DER): which key signed. */
  readonly key: string;
}

export interface SignedHead extends Head {
  /** Ed25519 over `signedText`, base64. */
  readonly signature: string;
}

/** One line of the file: what it says and what the next one must name, or that it cannot be read. */
export interface HeadEntry {
  /** 1 for the first line. */
  readonly number: number;
  readonly head: SignedHead | undefined;
  readonly digest: string;
}

export interface HeadsFile {
  readonly entries: readonly HeadEntry[];
  /** True where the file ends in the middle of a line: a process died while it wrote. */
  readonly torn: boolean;
  /** PEM; undefined where there is none beside the file. */
  readonly publicKeyPem: string | undefined;
}

export const headsPath = (folder: string): string => join(folder, 'heads.jsonl');
export const publicKeyPath = (folder: string): string => join(folder, 'heads.public.pem');

/** Reads the heads of a folder; an absent file holds none. */
export async function readHeads(folder: string): Promise<HeadsFile> {
  const text = await readFile(headsPath(folder), 'utf8').catch(ifAbsent(''));
  const publicKeyPem = await readFile(publicKeyPath(folder), 'utf8').catch(ifAbsent(undefined));
  return { ...readHeadsText(text), publicKeyPem };
}

/** The same from a text: a copy that was kept elsewhere. */
export function readHeadsText(text: string): Omit<HeadsFile, 'publicKeyPem'> {
  const lines = text.split('\n');
  const torn = lines.pop() !== '';
  return {
    entries: lines.map((line, index) => ({ number: index + 1, head: readHead(line), digest: digestOf(line) })),
    torn,
  };
}

export const keyName = (publicKey: KeyObject): string =>
  hash('sha256', publicKey.export({ type: 'spki', format: 'der' }), 'hex');

export const digestOf = (line: string): string => hash('sha256', line, 'hex');

export function signHead(head: Head, privateKey: KeyObject): SignedHead {
  return { ...head, signature: sign(null, signedText(head), privateKey).toString('base64') };
}

/** True for a head that this key signed as it stands. */
export function signatureChecker(publicKeyPem: string): (head: SignedHead) => boolean {
  const publicKey = createPublicKey(publicKeyPem);
  const name = keyName(publicKey);
  return (head) =>
    head.key === name && verify(null, signedText(head), publicKey, Buffer.from(head.signature, 'base64'));
}

/** Fixed order, and a first word that no other signature of the hub begins with. */
const signedText = ({ seq, hash, at, previous, key }: Head): Buffer =>
  Buffer.from(JSON.stringify(['vertebra audit head 1', seq, hash, at, previous, key]));

function readHead(line: string): SignedHead | undefined {
  let value: Partial<Record<keyof SignedHead, unknown>> | null;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { seq, hash, at, previous, key, signature } = value;
  const texts = [hash, at, previous, key, signature];
  if (!Number.isSafeInteger(seq) || !texts.every((text) => typeof text === 'string')) return undefined;
  return { seq, hash, at, previous, key, signature } as SignedHead;
}

export const ifAbsent =
  <Value>(value: Value) =>
  (cause: NodeJS.ErrnoException): Value => {
    if (cause.code === 'ENOENT') return value;
    throw cause;
  };
