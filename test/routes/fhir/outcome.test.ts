import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { ERRORS, type ErrorCode, HubError } from '../../../core/errors.ts';
import { answerOf, answerOfError, ERROR_SYSTEM, SERVICE_ERROR_SYSTEM } from '../../../routes/fhir/outcome.ts';

describe('an OperationOutcome', () => {
  it('says where each fault lies, in the codes of the table and of the service', () => {
    const faults = [{ path: 'Bundle.entry[3].resource.id', line: 7, what: 'is missing' }, { what: 'is too deep' }];
    const { status, headers, body } = answerOfError(new HubError('JSON_INVALID', { faults, serviceCode: '0008' }));
    const details = {
      coding: [
        { system: ERROR_SYSTEM, code: 'JSON_INVALID' },
        { system: SERVICE_ERROR_SYSTEM, code: '0008' },
      ],
      text: ERRORS.JSON_INVALID.text,
    };
    expect(status).to.equal(400);
    expect(headers).to.deep.equal({ 'content-type': 'application/fhir+json; charset=utf-8' });
    expect(JSON.parse(body)).to.deep.equal({
      resourceType: 'OperationOutcome',
      issue: [
        {
          severity: 'error',
          code: 'structure',
          details,
          diagnostics: 'line 7: is missing',
          expression: ['Bundle.entry[3].resource.id'],
        },
        { severity: 'error', code: 'structure', details, diagnostics: 'is too deep' },
      ],
    });
  });

  it('has the status and the issue code of the table for every error', () => {
    for (const code of Object.keys(ERRORS) as ErrorCode[]) {
      const { status, body } = answerOfError(new HubError(code));
      expect([status, JSON.parse(body).issue[0].code], code).to.deep.equal([ERRORS[code].status, ERRORS[code].fhir]);
    }
  });

  it('says when to come back, and which methods a path takes', () => {
    expect(answerOfError(new HubError('OVERLOADED', { retryAfter_s: 3 })).headers).to.include({ 'retry-after': '3' });
    expect(answerOfError(new HubError('METHOD_UNSUPPORTED', { allow: ['GET', 'PUT'] })).headers).to.include({
      allow: 'GET, PUT',
    });
  });

  it('never says what else an error carries', () => {
    const error = new HubError('INTERNAL', { nhsNumber: '9434765919' }, { cause: new Error('9434765919') });
    expect(answerOfError(error).body).not.to.include('9434765919');
  });

  it('lists at most twenty issues', () => {
    const faults = Array.from({ length: 100 }, () => ({ what: 'is wrong' }));
    expect(JSON.parse(answerOfError(new HubError('JSON_INVALID', { faults })).body).issue).to.have.length(20);
  });

  it('is informational for an accepted message', () => {
    const { status, body } = answerOf({ kind: 'accepted', text: 'The prescription is kept.' });
    expect(status).to.equal(200);
    expect(JSON.parse(body).issue[0]).to.deep.include({ severity: 'information', code: 'informational' });
  });

  it('is a refusal with the decision’s own words and codes', () => {
    const { status, body } = answerOf({
      kind: 'refused',
      code: 'STATE_CONFLICT',
      serviceCode: '0004',
      text: 'With another dispenser.',
    });
    expect(status).to.equal(409);
    expect(JSON.parse(body).issue).to.deep.equal([
      {
        severity: 'error',
        code: 'conflict',
        details: {
          coding: [
            { system: ERROR_SYSTEM, code: 'STATE_CONFLICT' },
            { system: SERVICE_ERROR_SYSTEM, code: '0004' },
          ],
          text: 'With another dispenser.',
        },
      },
    ]);
    expect(answerOf({ kind: 'refused', code: 'LOST_CODE', text: 'x' }).status).to.equal(400);
  });

  it('says a refusal first as the service does, with its status where it has one', () => {
    const coding = { system: 'https://fhir.nhs.uk/CodeSystem/EPS-IssueCode', code: 'PRESCRIPTION_DISPENSED' };
    const refused = { kind: 'refused', code: 'STATE_CONFLICT', serviceCode: '0005', text: 'It is dispensed.' } as const;
    const { status, body } = answerOf({ ...refused, coding: { ...coding, display: 'Dispensed' }, status: 400 });
    expect(status).to.equal(400);
    const { issue, meta } = JSON.parse(body);
    expect(issue[0].code).to.equal('conflict');
    expect(issue[0].details.coding).to.deep.equal([
      { ...coding, display: 'Dispensed' },
      { system: ERROR_SYSTEM, code: 'STATE_CONFLICT' },
      { system: SERVICE_ERROR_SYSTEM, code: '0005' },
    ]);
    expect(meta).to.equal(undefined);
    expect(answerOf({ ...refused, coding }).status).to.equal(409);
    expect(JSON.parse(answerOf({ ...refused, status: 422 }).body).issue[0].details.coding).to.have.length(2);
  });

  it('says an error so too, where its details carry the service’s words, and passes over what is none', () => {
    const coding = { system: 'https://fhir.nhs.uk/STU3/CodeSystem/eRS-APIErrorCode-1', code: 'MISSING_VALUE' };
    const faults = [{ path: 'patient', what: 'is missing' }, { what: 'is missing' }];
    const { status, body } = answerOfError(new HubError('VALUE_INVALID', { faults, coding, status: 422 }));
    expect(status).to.equal(422);
    expect(JSON.parse(body)).to.deep.include({
      meta: { profile: ['https://fhir.nhs.uk/STU3/StructureDefinition/eRS-OperationOutcome-1'] },
    });
    for (const issue of JSON.parse(body).issue) expect(issue.details.coding[0]).to.deep.equal(coding);
    const odd = answerOfError(new HubError('VALUE_INVALID', { coding: { code: 7 }, status: 'odd' }));
    expect(odd).to.deep.equal(answerOfError(new HubError('VALUE_INVALID')));
  });

  it('keeps to the profile of the published e-Referral outcomes', function () {
    const folder = new URL('../../../../shared/corpus/ereferral/sandbox-mocks/stu3/', import.meta.url);
    const file = new URL('STU3-Forbidden.json', folder);
    if (!existsSync(file)) {
      console.log('      skipped: the corpus of published examples is not here');
      return this.skip();
    }
    const published = JSON.parse(readFileSync(file, 'utf8'));
    const [coding] = published.issue[0].details.coding;
    const said = JSON.parse(answerOf({ kind: 'refused', code: 'ROLE_NOT_PERMITTED', text: 'No.', coding }).body);
    expect(said.meta).to.deep.equal(published.meta);
    expect(said.issue[0].code).to.equal(published.issue[0].code);
  });

  it('gives way to a document, whose status and headers stand', () => {
    const answer = answerOf({
      kind: 'document',
      status: 201,
      contentType: 'application/fhir+json',
      body: '{}',
      headers: { etag: 'W/"1"' },
    });
    expect(answer).to.deep.equal({
      status: 201,
      headers: { etag: 'W/"1"', 'content-type': 'application/fhir+json' },
      body: '{}',
    });
  });
});
