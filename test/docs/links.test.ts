import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect } from 'chai';

const root = join(import.meta.dirname, '../..');
const NOT_OURS = new Set(['node_modules', 'data', 'coverage', 'schemas/generated']);
const pages = markdownFiles();

describe('the documents', () => {
  it('are there: the ones that a reader is promised', () => {
    const promised = ['README.md', 'SECURITY.md', 'CHANGELOG.md', 'LICENSE'].concat(
      ['adapters', 'errors', 'going-to-production', 'journey', 'performance', 'promises', 'scale'].map(
        (name) => `docs/${name}.md`,
      ),
    );
    expect(promised.filter((name) => !existsSync(join(root, name)))).to.deep.equal([]);
  });

  for (const page of pages) {
    it(`link to what is there: ${page}`, () => {
      const text = readFileSync(join(root, page), 'utf8');
      const broken = linksOf(text).filter((link) => !resolves(link, page));
      expect(broken).to.deep.equal([]);
    });
  }

  it('name only files that are there, where they name one of ours', () => {
    const wrong = pages.flatMap((page) =>
      namedFiles(page)
        .filter((name) => !named(name, page))
        .map((name) => `${page}: ${name}`),
    );
    expect(wrong).to.deep.equal([]);
  });

  it('explain every folder of the top in a README of its own', () => {
    const folders = [...new Set(tracked().map((file) => file.split('/')))]
      .filter((parts) => parts.length > 1)
      .map(([folder = '']) => folder)
      .filter((folder) => !folder.startsWith('.'));
    expect([...new Set(folders)].filter((folder) => !existsSync(join(root, folder, 'README.md')))).to.deep.equal([]);
  });
});

/** Every file of the project, from its root; what is installed, made or kept at run time is none. */
function tracked(folder = ''): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (!entry.isDirectory()) return [path];
    return entry.name.startsWith('.') || NOT_OURS.has(path) ? [] : tracked(path);
  });
}

function markdownFiles(): string[] {
  return tracked().filter((file) => file.endsWith('.md'));
}

/** Targets of links, without code blocks. */
function linksOf(text: string): string[] {
  const prose = text.replace(/```[\s\S]*?```/g, '').replace(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target ?? '');
}

function resolves(link: string, page: string): boolean {
  if (/^[a-z]+:/i.test(link)) return true;
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? join(root, page) : join(root, dirname(page), path);
  if (!existsSync(target)) return false;
  if (anchor === undefined || !target.endsWith('.md')) return true;
  return anchorsOf(readFileSync(target, 'utf8')).includes(anchor);
}

/** As the common readers of Markdown make them from headings. */
const anchorsOf = (text: string): string[] =>
  [...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{Letter}\p{Number}\- ]/gu, '')
      .replaceAll(' ', '-'),
  );

/** Files of ours in code spans: `broker/path.ts`, not commands, globs or placeholders. */
const namedFiles = (page: string): string[] =>
  [
    ...readFileSync(join(root, page), 'utf8')
      .replace(/```[\s\S]*?```/g, '')
      .matchAll(/`((?:[\w.-]+\/)*[\w.-]+\.(?:ts|mjs|xsd|md|service|yaml))`/g),
  ]
    .map(([, name]) => name ?? '')
    .filter((name) => !name.includes('*'));

/** Beside the page, or from the root, or anywhere by its bare name. */
function named(name: string, page: string): boolean {
  const beside = join(root, dirname(page), name);
  if (existsSync(beside) || existsSync(join(root, name)))
    return statSync(existsSync(beside) ? beside : join(root, name)).isFile();
  return (
    !name.includes('/') &&
    tracked().some((file) => relative(dirname(page), file).endsWith(`/${name}`) || file.endsWith(`/${name}`))
  );
}
