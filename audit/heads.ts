/** Signs where the audit chain stands, at intervals and at the end, so that its past cannot be written anew unseen. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdir, open, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Cancel, type Clock, iso } from '../core/clock.ts';
import type { Store } from '../core/store.ts';
import { lastLine } from './chain-end.ts';
import {
  digestOf,
  type HeadEntry,
  headsPath,
  ifAbsent,
  keyName,
  publicKeyPath,
  readHeadsText,
  signHead,
} from './heads-file.ts';

export interface HeadsParts {
  /** Of mode 0700; holds heads.key.pem (0600), heads.public.pem and heads.jsonl. Copy the last two to another machine. */
  readonly folder: string;
  readonly store: Pick<Store, 'auditLines'>;
  readonly clock: Clock;
  readonly every_ms: number;
  /** Told of what an operator must look at: the trail is behind its last head, or a head could not be written. */
  readonly onTrouble?: (what: string, cause?: unknown) => void;
}

export interface Heads {
  /** The last line that is signed for; 0 before the first. */
  readonly signed: number;
  /** Signs now where the trail has grown; true when it had. Rejects as the store and the disk do. */
  sign(): Promise<boolean>;
  /** Signs a last time and stops. Never rejects: what fails is told as trouble. */
  stop(): Promise<void>;
}

/** Opens the heads of a folder, makes the key first where there is none, and signs what an earlier process left unsigned. */
export async function openHeads(parts: HeadsParts): Promise<Heads> {
  const { folder, store, clock, every_ms, onTrouble = () => undefined } = parts;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const key = await openKey(folder);
  const name = keyName(createPublicKey(key));
  const last = await openEnd(headsPath(folder));
  let signed = last?.head?.seq ?? 0;
  let previous = last?.digest ?? '';
  let turn: Promise<unknown> = Promise.resolve();
  let cancel: Cancel = () => undefined;
  let stopped = false;

  async function signOnce(): Promise<boolean> {
    const line = await lastLine(store, signed);
    if (line === undefined) return false;
    const head = signHead({ seq: line.seq, hash: line.hash, at: iso(clock.now()), previous, key: name }, key);
    const text = JSON.stringify(head);
    await append(headsPath(folder), `${text}\n`);
    signed = line.seq;
    previous = digestOf(text);
    return true;
  }

  /** One at a time: two heads must not name the same one before them. */
  function sign(): Promise<boolean> {
    const next = turn.catch(() => undefined).then(signOnce);
    turn = next;
    return next;
  }

  const tell = (cause: unknown): void => onTrouble('the head of the audit trail could not be signed', cause);

  function schedule(): void {
    if (stopped) return;
    cancel = clock.timer(every_ms, () => {
      sign().catch(tell).finally(schedule);
    });
  }

  if (last?.head !== undefined) {
    const [line] = await store.auditLines({ after: last.head.seq - 1, limit: 1 });
    if (line === undefined) onTrouble('the audit trail ends before its last signed head');
    else if (line.seq !== last.head.seq || line.hash !== last.head.hash)
      onTrouble('the audit trail differs from its last signed head');
  }
  await sign().catch(tell);
  schedule();

  return {
    get signed() {
      return signed;
    },
    sign,
    async stop() {
      stopped = true;
      cancel();
      await sign().catch(tell);
    },
  };
}

async function openKey(folder: string): Promise<KeyObject> {
  const path = join(folder, 'heads.key.pem');
  const kept = await readFile(path, 'utf8').catch(ifAbsent(undefined));
  const key = kept === undefined ? generateKeyPairSync('ed25519').privateKey : createPrivateKey(kept);
  if (kept === undefined) await append(path, key.export({ type: 'pkcs8', format: 'pem' }).toString(), 0o600);
  if (((await stat(path)).mode & 0o077) !== 0) throw new Error(`${path} may be read by others: chmod 600 it.`);
  if (key.asymmetricKeyType !== 'ed25519') throw new Error(`${path} is not an Ed25519 key.`);
  const publicKeyPem = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
  const shown = await readFile(publicKeyPath(folder), 'utf8').catch(ifAbsent(undefined));
  if (shown === undefined) await append(publicKeyPath(folder), publicKeyPem);
  else if (shown !== publicKeyPem) throw new Error(`${publicKeyPath(folder)} is not the public key of ${path}.`);
  return key;
}

/** Longer than any head. */
const TAIL_bytes = 4_096;

/**
 * The last head of the file. What follows the last end of a line was never promised: a process died while it wrote, and
 * the head is written again whole.
 */
async function openEnd(path: string): Promise<HeadEntry | undefined> {
  const file = await open(path, 'r+').catch(ifAbsent(undefined));
  if (file === undefined) return undefined;
  try {
    const { size } = await file.stat();
    const { buffer, bytesRead } = await file.read({
      buffer: Buffer.alloc(TAIL_bytes),
      position: Math.max(size - TAIL_bytes, 0),
    });
    const tail = buffer.toString('latin1', 0, bytesRead);
    const whole = tail.slice(0, tail.lastIndexOf('\n') + 1);
    if (whole.length < tail.length) {
      await file.truncate(size - tail.length + whole.length);
      await file.sync();
    }
    return readHeadsText(whole).entries.at(-1);
  } finally {
    await file.close();
  }
}

/** On disk when it resolves, the file's name too. */
async function append(path: string, text: string, mode = 0o644): Promise<void> {
  const file = await open(path, 'a', mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
