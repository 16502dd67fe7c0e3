/** The operations that change the embedded store, each called inside the batch's transaction. */

import type { AuditWriter } from './audit-writer.ts';
import type { DeliveryRead, DeliveryRow, RecordRow, SettlementRow, WriteOperations } from './protocol.ts';
import type { Statements } from './statements.ts';

interface FoundMessage {
  readonly seq: number;
  readonly stage: number;
  readonly digest: string;
  readonly answer: string | null;
}

interface FoundRecord {
  readonly seq: number;
  readonly version: number;
  readonly indexes: string;
}

interface FoundDelivery {
  readonly seq: number;
  readonly cause: number;
  readonly receiver: string;
  readonly pull: number;
  readonly lane: string | null;
  readonly state: number;
  readonly availableAt: number;
  readonly owner: string | null;
  readonly attempts: number;
}

function forEachEntry(entries: readonly string[], visit: (name: string, value: string) => void): void {
  for (let i = 0; i + 1 < entries.length; i += 2) visit(entries[i] as string, entries[i + 1] as string);
}

function hasEntry(entries: readonly string[], name: string, value: string): boolean {
  for (let i = 0; i + 1 < entries.length; i += 2) if (entries[i] === name && entries[i + 1] === value) return true;
  return false;
}

export function createWrites(statements: Statements, trail: AuditWriter): WriteOperations {
  const laneIsBusy = (lane: string | null, seq: number): boolean =>
    lane !== null && statements.get('laneBusy', lane, seq) !== undefined;

  function insertDelivery(
    row: DeliveryRow,
    cause: number,
    at: number,
    owner: string | null,
    availableAt: number,
  ): number {
    const { row: seq } = statements.run(
      'insertDelivery',
      row.id,
      cause,
      row.receiver,
      row.pull ? 1 : 0,
      row.lane,
      availableAt,
      owner,
      at,
    );
    statements.run('insertDeliveryBody', seq, row.draft, row.body);
    return seq;
  }

  /** Index entries that are the same before and after stay untouched: most changes of state move one of them. */
  function writeRecord(row: RecordRow, found: FoundRecord | undefined): void {
    const { kind, key } = row;
    const before: string[] = found === undefined ? [] : JSON.parse(found.indexes);
    const after = row.value === null ? [] : row.indexes;
    if (found === undefined) {
      if (row.value !== null) statements.run('insertRecord', kind, key, row.value, JSON.stringify(after));
    } else if (row.value === null) statements.run('deleteRecord', found.seq);
    else statements.run('updateRecord', row.value, JSON.stringify(after), found.seq);
    forEachEntry(before, (name, value) => {
      if (!hasEntry(after, name, value)) statements.run('deleteIndex', kind, name, value, key);
    });
    forEachEntry(after, (name, value) => {
      if (!hasEntry(before, name, value)) statements.run('insertIndex', kind, name, value, key);
    });
  }

  const currentRecord = (row: RecordRow): FoundRecord | undefined => statements.get('recordVersion', row.kind, row.key);

  /** True when it took effect: still waiting, and a push one still held by this owner. */
  function settleOne(row: SettlementRow): boolean {
    const found = statements.get<FoundDelivery>('deliveryById', row.id);
    if (found === undefined || found.state !== 0) return false;
    if (found.pull === 0 && (row.owner === undefined || found.owner !== row.owner)) return false;
    const { outcome } = row;
    switch (outcome.kind) {
      case 'acknowledged':
        statements.run('acknowledge', row.at, found.seq);
        break;
      case 'retry':
        statements.run('retry', outcome.at, outcome.reason, found.seq);
        break;
      case 'deferred':
        statements.run('defer', outcome.at, found.seq);
        return true;
      case 'dead':
        statements.run('bury', row.at, outcome.reason, found.seq);
        if (outcome.notice !== null) insertDelivery(outcome.notice, found.cause, row.at, null, row.at);
        break;
    }
    const draft = statements.get<DeliveryRead>('readDelivery', found.seq);
    const interaction = draft === undefined ? '' : (JSON.parse(draft.draft)['interaction'] as string);
    trail.write({ system: found.receiver, messageId: row.id, interaction }, row.at, [row.event]);
    return true;
  }

  return {
    admit(message, body) {
      const found = statements.get<FoundMessage>('findMessage', message.id, message.sender);
      if (found !== undefined) {
        return found.digest === message.digest ? { kind: 'same', answer: found.answer } : { kind: 'conflict' };
      }
      const { sender, id, interaction, digest, receivedAt, cause } = message;
      const { row: seq } = statements.run(
        'insertMessage',
        sender,
        id,
        0,
        interaction,
        digest,
        receivedAt,
        null,
        cause,
        null,
        null,
      );
      statements.run('insertBody', seq, body);
      trail.write(message.actor, receivedAt, [{ action: 'accept', outcome: 'success' }]);
      return { kind: 'new' };
    },

    commit(row) {
      const { message } = row;
      const found = statements.get<FoundMessage>('findMessage', message.id, message.sender);
      if (found !== undefined) {
        if (found.digest !== message.digest) return { kind: 'conflict' };
        if (found.stage !== 0) return { kind: 'same', answer: found.answer ?? '' };
      } else if (row.body === null) return { kind: 'bodyless' };
      const before = row.records.map(currentRecord);
      if (row.records.some((record, i) => (before[i]?.version ?? 0) !== record.version)) return { kind: 'stale' };

      const stage = row.dead === null ? 1 : 2;
      let cause: number;
      if (found !== undefined) {
        cause = found.seq;
        statements.run('decideMessage', stage, row.at, row.answer, row.dead, cause);
      } else {
        const { sender, id, interaction, digest, receivedAt } = message;
        cause = statements.run(
          'insertMessage',
          sender,
          id,
          stage,
          interaction,
          digest,
          receivedAt,
          row.at,
          message.cause,
          row.answer,
          row.dead,
        ).row;
        statements.run('insertBody', cause, row.body ?? new Uint8Array());
      }
      row.records.forEach((record, i) => {
        writeRecord(record, before[i]);
      });
      const held: string[] = [];
      const waiting: string[] = [];
      for (const delivery of row.deliveries) {
        const seq = insertDelivery(delivery, cause, row.at, null, row.at);
        if (delivery.pull) continue;
        if (row.lease !== null && !laneIsBusy(delivery.lane, seq)) {
          statements.run('leaseDelivery', row.lease.owner, row.lease.until, seq);
          held.push(delivery.id);
        } else waiting.push(delivery.id);
      }
      trail.write(message.actor, row.at, row.events);
      for (const fact of row.facts) {
        statements.run('insertFact', row.at, fact.kind, row.ods, message.interaction, fact.patient, fact.attributes);
      }
      return { kind: 'committed', held, waiting };
    },

    audit: (actor, at, events) => trail.write(actor, at, events),

    claim(lease, now, limit, ids) {
      const candidates =
        ids === null
          ? statements.all<{ seq: number }>('dueDeliveries', now, limit).map(({ seq }) => seq)
          : ids.slice(0, limit).flatMap((id) => {
              const found = statements.get<FoundDelivery>('deliveryById', id);
              if (found === undefined || found.state !== 0 || found.pull === 1 || found.availableAt > now) return [];
              return laneIsBusy(found.lane, found.seq) ? [] : [found.seq];
            });
      return candidates.flatMap((seq) => {
        statements.run('leaseDelivery', lease.owner, lease.until, seq);
        return statements.get<DeliveryRead>('readDelivery', seq) ?? [];
      });
    },

    settle: (rows) => rows.map(settleOne),

    replay(id, actor, at) {
      const slash = id.indexOf('/');
      let revived: boolean;
      if (slash < 0) revived = statements.run('reviveDelivery', at, at, id).changes === 1;
      else {
        const found = statements.get<FoundMessage>('findMessage', id.slice(slash + 1), id.slice(0, slash));
        revived = found !== undefined && statements.run('reviveMessage', found.seq).changes === 1;
      }
      if (revived) trail.write(actor, at, [{ action: 'replay', outcome: 'success', entity: `dead-letter/${id}` }]);
      return revived;
    },

    forgetFacts(upTo) {
      statements.run('forgetFacts', upTo);
    },

    purge(decidedBefore, limit) {
      const rows = statements.all<{ seq: number }>('purgeable', decidedBefore, limit);
      for (const { seq } of rows) {
        statements.run('purgeDeliveryBodies', seq);
        statements.run('purgeDeliveries', seq);
        statements.run('purgeBody', seq);
        statements.run('purgeMessage', seq);
      }
      return rows.length;
    },
  };
}
