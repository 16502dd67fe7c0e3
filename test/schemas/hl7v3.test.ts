import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  type AcknowledgementDraft,
  isHl7Guid,
  readWrapper,
  type WrapperDraft,
  writeApplicationAcknowledgement,
  writeWrapper,
} from '../../schemas/hl7v3.ts';
import { formatHl7Time, parseHl7Time } from '../../schemas/hl7v3-time.ts';
import { DEFAULT_LIMITS } from '../../schemas/limits.ts';
import { createXmlChecker } from '../../schemas/xml.ts';
import { at, attribute, children } from '../../schemas/xml-read.ts';
import { parseCheckedXml } from '../../schemas/xml-tree.ts';
import { corpusFiles, xmlParts } from './corpus.ts';
import { refusal } from './refusal.ts';

const checker = createXmlChecker({ folders: [], limits: DEFAULT_LIMITS });
const parse = (text: string) => {
  const bytes = Buffer.from(text);
  checker.check(bytes);
  return parseCheckedXml(bytes);
};

const NOW = Date.UTC(2026, 10, 23, 9, 30, 15);
const draft: WrapperDraft = {
  id: '58451692-3E9A-4BCF-BE83-B3BD90B35E77',
  interaction: 'PORX_IN020101UK31',
  creationTime: NOW,
  fromAsid: '200000001285',
  toAsid: '567456789789',
  author: { roleProfile: '555254240100', userId: '555254239107', jobRole: 'S8000:G8000:R8000' },
  content: '<subject><ParentPrescription/></subject>',
};

describe('the wrapper of an HL7 v3 message', () => {
  it('is read as it was written', () => {
    const { controlAct, subject, ...rest } = readWrapper(parse(writeWrapper(draft)));
    const { content, ...written } = draft;
    expect(rest).to.deep.equal(written);
    expect(content).to.contain(subject?.children[0]?.name);
    expect(attribute(at(controlAct, 'author1/AgentSystemSDS/agentSystemSDS/id'), 'extension')).to.equal(draft.fromAsid);
  });

  it('may have no person and no subject', () => {
    const { author, content, ...bare } = draft;
    expect(author && content).to.not.equal(undefined);
    const read = readWrapper(parse(writeWrapper(bare)));
    expect(read.author).to.equal(undefined);
    expect(read.subject).to.equal(undefined);
  });

  it('cannot be broken out of by a value', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii', minLength: 1 }), (value) => {
        const author = { roleProfile: value, userId: value, jobRole: value };
        const read = readWrapper(parse(writeWrapper({ ...draft, fromAsid: value, toAsid: value, author })));
        expect(read).to.include({ fromAsid: value, toAsid: value });
        expect(read.author).to.deep.equal(author);
      }),
      { numRuns: 200 },
    );
    expect(() => writeWrapper({ ...draft, interaction: 'a><b' })).to.throw('not the name');
  });

  const wrong: readonly [name: string, change: (text: string) => string, code: string, path: string][] = [
    ['a GUID in small letters', (text) => text.replace(draft.id, draft.id.toLowerCase()), 'VALUE_INVALID', 'id'],
    ['no GUID', (text) => text.replace(draft.id, 'Not Known'), 'VALUE_INVALID', 'id'],
    ['no id', (text) => text.replace(/<id root="5[^>]*>/, ''), 'XML_INVALID', 'id'],
    [
      'a time that is none',
      (text) => text.replace('20261123093015', '20261323093015'),
      'VALUE_INVALID',
      'creationTime',
    ],
    [
      'another interaction than its root',
      (text) => text.replace('extension="PORX_IN020101UK31"', 'extension="PORX_IN060102UK30"'),
      'VALUE_INVALID',
      'interactionId',
    ],
    [
      'no sender',
      (text) => text.replaceAll('communicationFunctionSnd', 'x'),
      'XML_INVALID',
      'communicationFunctionSnd/device/id',
    ],
    [
      'a receiver that is no ASID',
      (text) => text.replace(/(Rcv.*?)1\.2\.826\.0\.1285\.0\.2\.0\.107/, '$11.2.3'),
      'XML_INVALID',
      'communicationFunctionRcv/device/id',
    ],
    ['no control act', (text) => text.replaceAll('ControlActEvent', 'x'), 'XML_INVALID', 'ControlActEvent'],
  ];
  for (const [name, change, code, path] of wrong) {
    it(`is refused as ${code} with ${name}`, () => {
      const { error } = refusal(() => readWrapper(parse(change(writeWrapper(draft)))));
      expect(error.code).to.equal(code);
      expect(error.details.faults?.[0]?.path).to.equal(`/PORX_IN020101UK31/${path}`);
    });
  }

  it('is read from the published captures', function () {
    let read = 0;
    for (const file of corpusFiles(this, 'eps/wire-captures', '.txt')) {
      const payload = xmlParts(readFileSync(file, 'utf8'))
        .map(parse)
        .find(({ name }) => name.startsWith('PORX_IN'));
      if (!payload) continue;
      const wrapper = readWrapper(payload);
      expect(file).to.contain(wrapper.interaction);
      expect(wrapper.author?.roleProfile).to.match(/^\d+$/);
      expect(wrapper.subject, file).to.not.equal(undefined);
      read++;
    }
    expect(read).to.be.greaterThan(40);
  });
});

describe('an application acknowledgement', () => {
  const acknowledgement = (outcome: AcknowledgementDraft['outcome']) =>
    parse(
      writeApplicationAcknowledgement({
        id: 'A7B86F8D-1DAE-FC28-E050-D20AE3A215F0',
        creationTime: NOW,
        fromAsid: '567456789789',
        toAsid: '200000001285',
        refersTo: draft.id,
        outcome,
      }),
    );
  const reason = { codeSystem: '2.16.840.1.113883.2.1.3.2.4.17.22', code: '0002', text: 'Duplicate "id" & more' };

  it('says AA, to whom, and about which message', () => {
    const root = acknowledgement({ kind: 'AA' });
    expect(readWrapper(root)).to.include({ interaction: 'MCCI_IN010000UK13', toAsid: '200000001285' });
    expect(attribute(at(root, 'acknowledgement'), 'typeCode')).to.equal('AA');
    expect(attribute(at(root, 'acknowledgement/messageRef/id'), 'root')).to.equal(draft.id);
    expect(at(root, 'ControlActEvent/reason')).to.equal(undefined);
  });

  it('says AE with its reasons in the control act', () => {
    const root = acknowledgement({ kind: 'AE', reasons: [reason, { ...reason, code: '0009' }] });
    expect(attribute(at(root, 'acknowledgement'), 'typeCode')).to.equal('AE');
    const codes = children(at(root, 'ControlActEvent'), 'reason').map((one) =>
      at(one, 'justifyingDetectedIssueEvent/code'),
    );
    expect(codes.map((code) => attribute(code, 'code'))).to.deep.equal(['0002', '0009']);
    expect(attribute(codes[0], 'displayName')).to.equal(reason.text);
    expect(attribute(at(codes[0], 'qualifier'), 'code')).to.equal('ER');
  });

  it('says AR with its reasons in the acknowledgement', () => {
    const root = acknowledgement({ kind: 'AR', reasons: [reason] });
    const code = at(root, 'acknowledgement/acknowledgementDetail/code');
    expect(attribute(code, 'codeSystem')).to.equal(reason.codeSystem);
    expect(at(root, 'ControlActEvent/reason')).to.equal(undefined);
  });

  it('has the elements of the published ones, in their order', function () {
    const files = corpusFiles(this, 'eps/coordinator-test-resources/spine-responses', '.xml');
    const published = (name: string) => {
      const file = files.find((one) => one.endsWith(name)) as string;
      return xmlParts(readFileSync(file, 'utf8'))
        .map(parse)
        .find((root) => root.name === 'MCCI_IN010000UK13');
    };
    const shape = (element: ReturnType<typeof parse> | undefined): unknown =>
      element && [element.name, Object.keys(element.attributes).sort(), element.children.map(shape)];
    expect(shape(acknowledgement({ kind: 'AA' }))).to.deep.equal(shape(published('async_success.xml')));
    expect(shape(acknowledgement({ kind: 'AE', reasons: [reason] }))).to.deep.equal(
      shape(published('async_error.xml')),
    );
  });
});

describe('a time of HL7 v3', () => {
  const times: readonly [text: string, instant: number | undefined][] = [
    ['20261123093015', NOW],
    ['20261123093015+0000', NOW],
    ['20261123093015-0000', NOW],
    ['20261123103015+0100', NOW],
    ['20240229000000', Date.UTC(2024, 1, 29)],
    ['20230229000000', undefined],
    ['20261123240000', undefined],
    ['20261123096015', undefined],
    ['20261123093015+0200', undefined],
    ['20261123093015Z', undefined],
    ['202611230930', undefined],
    ['20261123093015.123', undefined],
    ['', undefined],
    [' 20261123093015', undefined],
    ['20261123093015\n', undefined],
  ];
  for (const [text, instant] of times) {
    it(`is ${instant === undefined ? 'none' : 'read as UTC'}: ${JSON.stringify(text)}`, () => {
      expect(parseHl7Time(text)).to.equal(instant);
    });
  }

  it('is read as it was written, to the second', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_102_444_800 }), fc.nat(999), (seconds, ms) => {
        expect(parseHl7Time(formatHl7Time(seconds * 1_000 + ms))).to.equal(seconds * 1_000);
      }),
    );
  });
});

describe('a GUID of HL7 v3', () => {
  it('is in capitals, with its hyphens and nothing around it', () => {
    expect(isHl7Guid(draft.id)).to.equal(true);
    for (const wrong of [draft.id.toLowerCase(), `{${draft.id}}`, `${draft.id}\n`, draft.id.replaceAll('-', ''), '']) {
      expect(isHl7Guid(wrong), wrong).to.equal(false);
    }
  });
});
