/** What an operator sees of messages: where they stand, without what they say. */
import { lastLine } from '../../audit/chain-end.ts';
import type { Answer } from '../../core/decision.ts';
import type { Store, Track } from '../../core/store.ts';
import type { TrackView } from './operations.ts';

export function trackView({ answer, ...track }: Track): TrackView {
  return { ...track, ...(answer && { answer: answerView(answer) }) };
}

function answerView(answer: Answer): NonNullable<TrackView['answer']> {
  switch (answer.kind) {
    case 'accepted':
      return { kind: 'accepted' };
    case 'document':
      return { kind: 'document', status: answer.status };
    case 'refused':
      return { kind: 'refused', code: answer.serviceCode ?? answer.code, text: answer.text };
  }
}

/** The number of the last line of the audit trail. */
export const lastLineOf = async (store: Pick<Store, 'auditLines'>): Promise<number | undefined> =>
  (await lastLine(store, 0))?.seq;
