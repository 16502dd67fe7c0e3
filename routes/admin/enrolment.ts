/** How a system comes by its certificate over the wire: once with a token, afterwards with the certificate it has. */
import type { Authority } from '../../certs/authority.ts';
import { type EnrolmentParts as DecisionParts, enrolmentDecision, renewalDecision } from '../../certs/enrolment.ts';
import type { Answer } from '../../core/decision.ts';
import type { SystemId } from '../../core/identifiers.ts';
import type { AdministrationParts, DirectoryChange } from './administration.ts';
import { createCommitter } from './committer.ts';
import { asInput, shorterThan, textIn } from './input.ts';

export interface Enrolment {
  /** The certificate and its authority, PEM. Throws ENROLMENT_REFUSED or CSR_INVALID. */
  enrol(request: { readonly token: string; readonly csr: string }): Promise<string>;
  /** The same for the holder of a bound certificate. Throws CERTIFICATE_UNKNOWN, SYSTEM_SUSPENDED or CSR_INVALID. */
  renew(request: { readonly fingerprint256: string; readonly csr: string }): Promise<string>;
}

export type EnrolmentParts = Pick<
  AdministrationParts,
  'store' | 'directory' | 'changes' | 'knows' | 'clock' | 'hub'
> & { readonly authority: Authority };

const MOST_CSR = 16_384;

export function createEnrolment(parts: EnrolmentParts): Enrolment {
  const { store, directory, changes, knows, authority, clock } = parts;
  const committer = createCommitter(parts);
  const bound = (to: DirectoryChange) => (systemId: SystemId, fingerprint: string) =>
    to({ records: store.records, knows }, { systemId, fingerprint });
  const decisionParts = (): DecisionParts => ({
    records: store.records,
    directory,
    authority,
    bind: bound(changes.bindCertificate),
    unbind: bound(changes.unbindCertificate),
    now: clock.now(),
  });
  const csrIn = (request: unknown): string => textIn(asInput(request), 'csr', shorterThan(MOST_CSR), 'is too long');

  /** Known here before the holder's first message comes. */
  async function issued(answer: Answer): Promise<string> {
    await directory.refresh();
    return answer.kind === 'document' ? answer.body : '';
  }

  return {
    async enrol(request) {
      const csrPem = csrIn(request);
      const token = textIn(asInput(request), 'token', shorterThan(200), 'is too long');
      return issued(
        await committer.commit({
          action: 'enrol-system',
          kept: { csr: csrPem },
          decide: async () => (await enrolmentDecision({ token, csrPem }, decisionParts())).decision,
        }),
      );
    },
    async renew(request) {
      const csrPem = csrIn(request);
      const { fingerprint256 } = request;
      const holder = directory.systemByCertificate(fingerprint256);
      const sender = holder && directory.party(holder.systemId);
      return issued(
        await committer.commit({
          action: 'renew-certificate',
          kept: { csr: csrPem },
          ...(sender && { sender }),
          decide: async () =>
            (await renewalDecision({ currentFingerprint256: fingerprint256, csrPem }, decisionParts())).decision,
        }),
      );
    },
  };
}
