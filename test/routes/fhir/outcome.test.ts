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
