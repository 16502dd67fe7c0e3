import { expect } from 'chai';
import fc from 'fast-check';
import { HubError } from '../../../core/errors.ts';
import { readEbxmlParts, readMultipart, writeMultipart } from '../../../routes/ebxml/mime.ts';

const TYPE = 'multipart/related; boundary="--=_MIME-Boundary"; type=text/xml; start=ebXMLHeader@spine.nhs.uk';

const part = (id: string, body: string, encoding = '8bit', eol = '\r\n'): string =>
  [
    `----=_MIME-Boundary`,
    `Content-Id: <${id}>`,
    'Content-Type: text/xml; charset=UTF-8',
    `Content-Transfer-Encoding: ${encoding}`,
    '',
    body,
  ].join(eol);

const message = (parts: readonly string[], eol = '\r\n'): Buffer =>
  Buffer.from([...parts, '----=_MIME-Boundary--', ''].join(eol), 'utf8');

const two = (eol = '\r\n'): Buffer =>
  message(
    [part('ebXMLHeader@spine.nhs.uk', '<a/>', '8bit', eol), part('payload@x', `<b>${eol}é</b>`, 'binary', eol)],
    eol,
  );

function faultOf(action: () => unknown): { code: string; path: string | undefined; what: string | undefined } {
  try {
    action();
  } catch (thrown) {
    if (!(thrown instanceof HubError)) throw thrown;
    const fault = thrown.details.faults?.[0];
    return { code: thrown.code, path: fault?.path, what: fault?.what };
  }
  throw new Error('It was taken.');
}

describe('a multipart message', () => {
  for (const [name, eol] of [
    ['LF', '\n'],
    ['CRLF', '\r\n'],
  ] as const) {
    it(`is taken apart byte for byte with ${name} line ends, by a boundary that itself begins with hyphens`, () => {
      const parts = readMultipart(TYPE, two(eol));
      expect(parts.map(({ contentId }) => contentId)).to.deep.equal(['ebXMLHeader@spine.nhs.uk', 'payload@x']);
      expect(parts.map(({ body }) => body.toString('utf8'))).to.deep.equal(['<a/>', `<b>${eol}é</b>`]);
      expect(parts[1]?.headers.get('content-transfer-encoding')).to.equal('binary');
    });
  }

  for (const start of [
    'ebXMLHeader@spine.nhs.uk',
    '<ebXMLHeader@spine.nhs.uk>',
    '"ebXMLHeader@spine.nhs.uk"',
    '"<ebXMLHeader@spine.nhs.uk>"',
  ]) {
    it(`has the part that start=${start} names as its root, wherever it stands`, () => {
      const body = message([part('payload@x', '<b/>'), part('ebXMLHeader@spine.nhs.uk', '<a/>')]);
      const parts = readMultipart(
        `Multipart/Related;BOUNDARY="--=_MIME-Boundary" ; start=${start}; type="text/xml";`,
        body,
      );
      expect(parts.map(({ contentId }) => contentId)).to.deep.equal(['ebXMLHeader@spine.nhs.uk', 'payload@x']);
    });
  }

  it('may have a preamble, an epilogue, white space after a delimiter, folded headers and headers in any case', () => {
    const text =
      'preamble\r\n----=_MIME-Boundary \t\r\ncontent-ID:\r\n <ebXMLHeader@spine.nhs.uk>\r\nCONTENT-TYPE: text/xml;\r\n\tcharset=UTF-8\r\n\r\n' +
      '<a/>\r\n----=_MIME-Boundary-- \r\nepilogue\r\n----=_MIME-Boundary\r\nnot a part';
    const [root, ...others] = readMultipart(TYPE, Buffer.from(text));
    expect(root?.contentId).to.equal('ebXMLHeader@spine.nhs.uk');
    expect(root?.contentType).to.equal('text/xml; charset=UTF-8');
    expect(root?.body.toString()).to.equal('<a/>');
    expect(others).to.deep.equal([]);
  });

  it('keeps what only looks like a delimiter', () => {
    const body = 'x ----=_MIME-Boundary\r\n----=_MIME-BoundaryMore\r\n ----=_MIME-Boundary';
    const parts = readMultipart(TYPE, message([part('ebXMLHeader@spine.nhs.uk', body)]));
    expect(parts.map((one) => one.body.toString())).to.deep.equal([body]);
  });

  it('takes the boundary from the header and never from the body', () => {
    const other = 'multipart/related; boundary="another"';
    expect(faultOf(() => readMultipart(other, two())).what).to.match(/no delimiter line/);
  });

  it('undoes base64 and quoted-printable', () => {
    const bytes = Buffer.from([0, 255, 13, 10, 61, 128]);
    const base64 = `${bytes.toString('base64').slice(0, 3)}\r\n${bytes.toString('base64').slice(3)}\r\n`;
    const quoted = 'caf=C3=A9 =3D =\r\nsame line';
    const parts = readMultipart(
      TYPE,
      message([part('ebXMLHeader@spine.nhs.uk', quoted, 'Quoted-Printable'), part('b@x', base64, 'BASE64')]),
    );
    expect(parts[0]?.body.toString('utf8')).to.equal('café = same line');
    expect(parts[1]?.body.equals(bytes)).to.equal(true);
  });

  it('may be a bare envelope, as acknowledgments are', () => {
    const [root] = readEbxmlParts('text/xml; charset=UTF-8', Buffer.from('<a/>'));
    expect(root?.body.toString()).to.equal('<a/>');
  });

  const many = Array.from({ length: 101 }, (_, at) => part(`${at}@x`, ''));
  const refusals: readonly (readonly [string, string, Buffer, string, RegExp])[] = [
    ['without a boundary', 'multipart/related', two(), 'Content-Type', /boundary/],
    [
      'with a boundary over 70 characters',
      `multipart/related; boundary=${'x'.repeat(71)}`,
      two(),
      'Content-Type',
      /boundary/,
    ],
    ['with two boundaries', `${TYPE}; boundary=x`, two(), 'Content-Type', /not of the form/],
    ['that is empty', TYPE, Buffer.alloc(0), 'body', /no delimiter/],
    ['without its closing delimiter', TYPE, two().subarray(0, -8), 'body', /no closing delimiter after part 2/],
    ['with only a closing delimiter', TYPE, message([]), 'body', /before any part/],
    ['with more than 100 parts', TYPE, message(many), 'body', /more than 100/],
    ['whose start names no part', TYPE, message([part('a@x', '')]), 'Content-Type', /start names no part/],
    [
      'with a part of headers alone',
      TYPE,
      message(['----=_MIME-Boundary\r\nContent-Id: <a>']),
      'part[1]',
      /no blank line/,
    ],
    [
      'with a broken header line',
      TYPE,
      message(['----=_MIME-Boundary\r\nno colon here\r\n\r\nx']),
      'part[1]',
      /not of the form/,
    ],
    [
      'with a header given twice',
      TYPE,
      message(['----=_MIME-Boundary\r\nContent-Id: <a>\r\nContent-Id: <b>\r\n\r\nx']),
      'part[1]',
      /twice/,
    ],
    [
      'with headers over 8 KB',
      TYPE,
      message([`----=_MIME-Boundary\r\nX: ${'x'.repeat(9_000)}\r\n\r\nx`]),
      'part[1]',
      /longer than 8192/,
    ],
    [
      'with 33 headers',
      TYPE,
      message([`----=_MIME-Boundary\r\n${'X: y\r\n'.repeat(33)}\r\nx`]),
      'part[1]',
      /more than 32/,
    ],
    ['with broken base64', TYPE, message([part('a@x', 'ab"d', 'base64')]), 'part[1]', /not base64/],
    ['with cut base64', TYPE, message([part('a@x', 'abcde', 'base64')]), 'part[1]', /not base64/],
    [
      'with broken quoted-printable',
      TYPE,
      message([part('a@x', 'a=G1', 'quoted-printable')]),
      'part[1]',
      /hexadecimal/,
    ],
    ['in an unknown encoding', TYPE, message([part('a@x', 'a', 'uuencode')]), 'part[1]', /encoding/],
  ];
  for (const [name, type, body, path, what] of refusals) {
    it(`${name} is refused, saying where`, () => {
      const fault = faultOf(() => readMultipart(type, body));
      expect(fault).to.include({ code: 'MULTIPART_BROKEN', path });
      expect(fault.what).to.match(what);
    });
  }

  it('of another media type is not this door’s', () => {
    expect(faultOf(() => readMultipart('multipart/mixed; boundary=x', two())).code).to.equal(
      'CONTENT_TYPE_UNSUPPORTED',
    );
  });

  it('of 5 MB is read without holding others up, whatever fills it', () => {
    const fillers = ['x', '\n', '----=_MIME-Boundary', '\r\n----=_MIME-Boundary ', '-'];
    for (const filler of fillers) {
      const content = filler.repeat(Math.floor(5_000_000 / filler.length));
      const started = performance.now();
      try {
        readMultipart(TYPE, message([part('ebXMLHeader@spine.nhs.uk', content)]));
      } catch (thrown) {
        expect(thrown).to.be.instanceOf(HubError);
      }
      expect(performance.now() - started, JSON.stringify(filler.slice(0, 5))).to.be.below(500);
    }
  });

  it('that was written is read as it was, whatever its parts hold', () => {
    const content = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('--=_MIME-Boundary', '\r\n----=_MIME-Boundary--\r\n', '\r\n', '\n', '\n\n', '\n\r\n', ''),
    );
    fc.assert(
      fc.property(content, fc.uint8Array(), (text, bytes) => {
        const written = writeMultipart([
          { contentId: 'root@x', contentType: 'text/xml', body: text },
          { contentId: 'bytes@x', contentType: 'application/octet-stream', body: bytes },
        ]);
        const parts = readMultipart(written.contentType, written.body);
        expect(parts.map(({ contentId }) => contentId)).to.deep.equal(['root@x', 'bytes@x']);
        expect(parts[0]?.body.equals(Buffer.from(text, 'utf8'))).to.equal(true);
        expect(parts[1]?.body.equals(bytes)).to.equal(true);
      }),
    );
  });

  it('never makes the reader fail in another way than by refusing', () => {
    const scraps = fc.constantFrom(
      '----=_MIME-Boundary',
      '--',
      '\r\n',
      '\n',
      'Content-Id: <a>',
      'Content-Transfer-Encoding: base64',
      ':',
      ' ',
      'é',
      '=',
    );
    fc.assert(
      fc.property(fc.array(scraps, { maxLength: 30 }), (pieces) => {
        try {
          readMultipart(TYPE, Buffer.from(pieces.join('')));
        } catch (thrown) {
          expect(thrown).to.be.instanceOf(HubError);
        }
      }),
    );
  });
});
