/** Messages accepted here whose work went through the broker: when it comes back to this process, nothing is read again. */
import { type Envelope, keyOf, keyText, type MessageKey } from '../core/envelope.ts';

export interface Known {
  readonly envelope: Envelope;
  /** What the interaction read from it. */
  readonly message: unknown;
}

export interface Remembered {
  put(envelope: Envelope, message: unknown): void;
  /** Once; undefined where it was accepted elsewhere, or has been forgotten for others. */
  take(key: MessageKey): Known | undefined;
}

/** Forgets the oldest first when their bodies pass `most_bytes` together: the store has them all. */
export function createRemembered(most_bytes: number): Remembered {
  const known = new Map<string, Known>();
  let bytes = 0;
  function take(name: string): Known | undefined {
    const found = known.get(name);
    if (found === undefined) return undefined;
    known.delete(name);
    bytes -= found.envelope.body.byteLength;
    return found;
  }
  return {
    put(envelope, message) {
      known.set(keyText(keyOf(envelope)), { envelope, message });
      bytes += envelope.body.byteLength;
      for (const oldest of known.keys()) {
        if (bytes <= most_bytes) return;
        take(oldest);
      }
    },
    take: (key) => take(keyText(key)),
  };
}
