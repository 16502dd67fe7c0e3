/** Connected systems as senders: each copy of a letter is sent, waited for, and sent again under the same id until it is answered. */
import type { Answer } from '../../core/decision.ts';
import type { CheckedDocument } from '../../core/document.ts';
import { type Envelope, keyText, type MessageKey } from '../../core/envelope.ts';
import { HubError } from '../../core/errors.ts';
import { partyOf } from '../support/rule-bench.ts';
import type { HubProcess } from './hub-process.ts';
import type { Ledger } from './ledger.ts';
import type { Content, Letter } from './letters.ts';
import type { Random } from './random.ts';
import { INTERACTIONS } from './town.ts';
import type { VirtualTime } from './virtual-time.ts';
import type { Weather } from './weather.ts';

/** What a sender was told of one copy. */
export interface Heard {
  readonly content: Content;
  /** Undefined for a message that was kept and not yet answered. */
  readonly answer: Answer | undefined;
}

export interface Told {
  readonly letter: Letter;
  attempted: boolean;
  readonly heard: Heard[];
  /** Contents that the hub refused as other bytes under a known id. */
  readonly conflicts: Set<Content>;
  /** Copies that no sender has an answer to yet. */
  waiting: number;
}

interface SendersParts {
  readonly time: VirtualTime;
  readonly weather: Weather;
  readonly ledger: Ledger;
  readonly random: Random;
  /** A process that listens, if there is one. */
  process(): HubProcess | undefined;
  readDocument(schema: string, body: Uint8Array): CheckedDocument;
}

const TRIES_OF_ONE_THAT_GIVES_UP = 3;

export const keyOfLetter = ({ from, messageId }: Letter): MessageKey => ({ sender: from.systemId, messageId });

export class Senders {
  readonly told: Told[] = [];
  readonly #parts: SendersParts;
  readonly #serving = new Map<HubProcess, number>();
  readonly #bytes = new Map<Content, { readonly body: Uint8Array; readonly document: CheckedDocument }>();

  constructor(parts: SendersParts) {
    this.#parts = parts;
  }

  /** True when every sender has its answer, or has given up, and no process serves one any more. */
  get content(): boolean {
    const serving = [...this.#serving].some(([hub, requests]) => hub.alive && requests > 0);
    return !serving && this.told.every(({ waiting }) => waiting === 0);
  }

  post(letter: Letter): void {
    const told: Told = { letter, attempted: false, heard: [], conflicts: new Set(), waiting: letter.copies.length };
    this.told.push(told);
    const { time } = this.#parts;
    for (const { at_ms, content } of letter.copies) {
      time.timer(Math.max(at_ms - time.elapsed_ms, 0), () => {
        void this.#send(told, content).finally(() => told.waiting--);
      });
    }
  }

  async #send(told: Told, content: Content): Promise<void> {
    const { time, random, ledger } = this.#parts;
    const { letter } = told;
    for (let tries = 1; ; tries++) {
      told.attempted = true;
      const reply = await this.#ask(letter, content);
      ledger.note(`${keyText(keyOfLetter(letter))} hears ${reply.kind}`);
      if (reply.kind === 'heard') told.heard.push({ content, answer: reply.answer });
      if (reply.kind === 'conflict') told.conflicts.add(content);
      if (reply.kind !== 'again') return;
      if (letter.givesUp && tries >= TRIES_OF_ONE_THAT_GIVES_UP) return;
      await time.wait(random.between(200, 2_000) * Math.min(tries, 5));
    }
  }

  async #ask(letter: Letter, content: Content): Promise<Reply> {
    const { time, weather, random, ledger, process } = this.#parts;
    const lost = (): boolean => !weather.healed && random.chance(weather.lossAtDoor);
    const timeout = time.wait(random.between(1_000, 20_000)).then((): Reply => ({ kind: 'again' }));
    await time.wait(random.between(0, 10));
    const hub = process();
    if (hub === undefined) return { kind: 'again' };
    if (lost()) return timeout;
    const count = (change: number): unknown => this.#serving.set(hub, (this.#serving.get(hub) ?? 0) + change);
    count(1);
    const served = this.#serve(hub, letter, content).finally(() => count(-1));
    const answered = served.then(
      (answer): Reply | Promise<Reply> => (lost() ? timeout : { kind: 'heard', answer }),
      (thrown: unknown): Reply => {
        if (thrown instanceof HubError && thrown.code === 'MESSAGE_ID_REUSED') return { kind: 'conflict' };
        if (thrown instanceof HubError && thrown.entry.retry && thrown.code !== 'INTERNAL') return { kind: 'again' };
        ledger.breaks(`${keyText(keyOfLetter(letter))} is answered with ${thrown}`);
        return { kind: 'again' };
      },
    );
    return Promise.race([answered, timeout]);
  }

  /** What a door does with a message that has passed its form. */
  async #serve(hub: HubProcess, letter: Letter, content: Content): Promise<Answer | undefined> {
    const interaction = INTERACTIONS.get(letter.interaction);
    if (interaction === undefined) throw new Error(`nobody brings ${letter.interaction}`);
    const { body, document } = this.#bytesOf(content, interaction.schema);
    const envelope: Envelope = {
      messageId: letter.messageId,
      sender: partyOf(letter.from),
      ...(letter.person && { person: letter.person }),
      interaction: letter.interaction,
      wire: letter.wire,
      conversationId: letter.messageId,
      parameters: content.parameters,
      receivedAt: hub.clock.now(),
      contentType: letter.wire === 'fhir' ? 'application/fhir+json' : 'application/xml',
      digest: content.digest,
      body,
    };
    await hub.awake();
    const message = interaction.read(document, envelope);
    if (letter.wire !== 'ebxml') return hub.path.answer(envelope, message);
    return (await hub.path.accept(envelope, message)).answer;
  }

  #bytesOf(content: Content, schema: string): { readonly body: Uint8Array; readonly document: CheckedDocument } {
    const known = this.#bytes.get(content);
    if (known) return known;
    const body = Buffer.from(content.body);
    const made = { body, document: this.#parts.readDocument(schema, body) };
    this.#bytes.set(content, made);
    return made;
  }
}

type Reply =
  | { readonly kind: 'heard'; readonly answer: Answer | undefined }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'again' };
