/** A line of the trail as other people's tools read it. */
import { expect } from 'chai';
import { auditEventOf } from '../../audit/fhir.ts';
import { type AuditLine, nextLine } from '../../core/audit-chain.ts';
import type { AuditEvent } from '../../core/decision.ts';
import { createFhirChecker } from '../../schemas/fhir.ts';
import { START } from './trail.ts';

const line = (actor: Parameters<typeof nextLine>[1], event: AuditEvent): AuditLine =>
  nextLine({ seq: 6, hash: 'a'.repeat(64) }, actor, START, event);
const READ: AuditEvent = {
  action: 'read-summary',
  outcome: 'refused',
  code: 'PERMISSION_REQUIRED',
  patient: '9990000018',
  reason: 'direct care',
  entity: 'summary/1',
};
const PERSON = {
  system: '200000000001',
  ods: 'A83008',
  user: '555254239107',
  role: 'S8000:G8000:R8000',
  messageId: '00000000-0000-4000-8000-000000000001',
  interaction: 'fhir:scr:read',
};

describe('an audit line in FHIR', () => {
  it('is a valid AuditEvent whoever acted, and whatever is known', () => {
    const checker = createFhirChecker();
    for (const actor of [PERSON, { system: '200000000001' }, { user: 'operator', role: 'operator' }, {}])
      for (const event of [
        READ,
        { action: 'deliver', outcome: 'failed' },
        { action: 'x', outcome: 'success' },
      ] as const)
        checker.check(
          JSON.parse(JSON.stringify(auditEventOf(line(actor, event), { partyKey: 'YES-0000806' }))),
          'AuditEvent',
        );
  });

  it('names who, in which role and for whom, what, about which patient, why and with what outcome', () => {
    const text = JSON.stringify(auditEventOf(line(PERSON, READ), { partyKey: 'YES-0000806' }));
    const fields = [...Object.values(PERSON), '9990000018', 'direct care', 'PERMISSION_REQUIRED', 'summary/1'];
    for (const field of fields) expect(text).to.contain(`"${field}"`);
    expect(JSON.parse(text)).to.deep.include({
      action: 'R',
      outcome: '4',
      outcomeDesc: 'PERMISSION_REQUIRED',
      recorded: '2026-03-02T09:00:00.000Z',
    });
  });

  it('has one requestor: the person, else the system', () => {
    const requestors = (actor: Parameters<typeof line>[0]): unknown[] => {
      const { agent } = auditEventOf(line(actor, READ), { partyKey: 'X' }) as { agent: { requestor: boolean }[] };
      return agent.map(({ requestor }) => requestor);
    };
    expect(requestors(PERSON)).to.deep.equal([true, false, false]);
    expect(requestors({ system: '200000000001', ods: 'A83008' })).to.deep.equal([true, false]);
    expect(requestors({})).to.deep.equal([true]);
  });

  it('carries its number and hash, so that it can be held against the chain', () => {
    const one = line({}, READ);
    const text = JSON.stringify(auditEventOf(one, { partyKey: 'X' }));
    expect(text).to.contain(one.hash);
    expect(text).to.contain('"line-7"');
  });
});
