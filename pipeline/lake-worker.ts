/** The process that `lake-process.ts` starts: a lake behind messages, one call at a time, ending when the hub does. */
import { constants, setPriority } from 'node:os';
import { asHubError, HubError } from '../core/errors.ts';
import { type LakeParts, openLake } from './lake.ts';
import type { LakeReply, LakeRequest } from './lake-process.ts';
import type { QueryResult } from './query.ts';

// The hub's messages come first: this work may wait, theirs may not.
setPriority(constants.priority.PRIORITY_LOW);

const parts = JSON.parse(process.argv[2] ?? '{}') as LakeParts;
const lake = openLake(parts);
let turn: Promise<void> = Promise.resolve();

process.on('message', (request: LakeRequest) => {
  turn = turn.then(async () => {
    const reply = await answer(request);
    if (process.connected) process.send?.(reply);
  });
});

// Sent to the whole group when the hub is asked to stop: the hub may still have facts to let in, so this ends after it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);

process.on('disconnect', () => {
  turn = turn.then(() => lake.close()).finally(() => process.exit(0));
});

async function answer(request: LakeRequest): Promise<LakeReply> {
  const { id } = request;
  try {
    return { id, result: await perform(request) };
  } catch (error) {
    if (!(error instanceof HubError)) return { id, failed: error instanceof Error ? error.message : 'unknown' };
    const { code, details, message } = asHubError(error);
    return { id, failed: message, code, ...(details.faults && { faults: details.faults }) };
  }
}

async function perform(request: LakeRequest): Promise<QueryResult | null> {
  switch (request.method) {
    case 'append':
      await lake.append(request.facts);
      return null;
    case 'query':
      return lake.query(request.sql, request.limits);
  }
}
