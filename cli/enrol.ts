/** A connected system's side: a key made here, its request, and the certificate that an invitation buys. */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import { createCsr, generateKey, type KeyKind } from '../certs/generate-key.ts';
import { packPkcs12 } from '../certs/pkcs12.ts';
import { pemBlocks } from '../certs/x509.ts';
import { enrolOver, type Trust } from '../routes/admin/client.ts';
import { type Context, finish, readNamedFile, type Setup } from './command.ts';
import { UsageError } from './exit.ts';
import { runningHub, trustOf } from './hub-access.ts';
import { pairs } from './output.ts';

interface EnrolOptions {
  readonly token: string;
  readonly out: string;
  readonly hub?: string;
  readonly ca?: string;
  readonly key: KeyKind;
  readonly pkcs12?: true;
  readonly passwordFile?: string;
}

export function enrolCommand(program: Command, setup: Setup): void {
  finish<EnrolOptions>(
    program
      .command('enrol')
      .description('Make a key, redeem an invitation, and write key, certificate and authority into a folder.')
      .requiredOption('--token <token>', 'what `system add` or `system invite` handed out')
      .option('--out <folder>', 'where the files go; the key never leaves it', '.')
      .option('--hub <url>', 'the administration of the hub (default: of the hub on this data folder)')
      .option('--ca <file>', 'authority of the hub’s certificate, PEM (default: of this data folder)')
      .addOption(new Option('--key <kind>', 'the key to make').choices(['ec-p256', 'rsa-2048']).default('ec-p256'))
      .option('--pkcs12', 'write system.p12 as well, for software that takes nothing else')
      .option('--password-file <file>', 'its password (default: one is made and written beside it)'),
    setup,
    [
      'enrol --token HX...uA --out brook-lane',
      'enrol --token HX...uA --hub https://hub.example:8444 --ca hub-authority.pem --pkcs12',
    ],
    async (context, options) => {
      await enrol(context, options);
    },
  );
}

async function enrol({ config, show }: Context, options: EnrolOptions): Promise<void> {
  const { url, trust } = await hubOf(config.dataFolder, options);
  const paths = {
    key: join(options.out, 'system.key.pem'),
    certificate: join(options.out, 'system.crt.pem'),
    authority: join(options.out, 'authority.crt.pem'),
  };
  await mkdir(options.out, { recursive: true, mode: 0o700 });
  for (const path of Object.values(paths))
    if ((await stat(path).catch(() => undefined)) !== undefined)
      throw new UsageError(`${path} is there already: choose another folder, nothing is written over.`);

  const { keyPem } = await generateKey(options.key);
  // on disk before the token is spent: a crash in between must not leave a certificate without its key
  await writeNew(paths.key, keyPem, 0o600);
  const chain = await enrolOver({ url, trust, token: options.token, csr: await createCsr(keyPem, 'connected system') });
  const [certificate = '', ...authorities] = pemBlocks(chain, 'CERTIFICATE').map((pem) => `${pem}\n`);
  await writeNew(paths.certificate, certificate, 0o644);
  await writeNew(paths.authority, authorities.join(''), 0o644);
  const packed = options.pkcs12 === undefined ? {} : await pack(options, { keyPem, certificate, authorities });
  show({ ...paths, ...packed }, pairs({ ...paths, ...packed }));
}

async function pack(
  { out, passwordFile }: EnrolOptions,
  parts: { keyPem: string; certificate: string; authorities: readonly string[] },
): Promise<{ pkcs12: string; password: string }> {
  const pkcs12 = join(out, 'system.p12');
  const made = join(out, 'system.p12.password');
  if (passwordFile === undefined) await writeNew(made, `${randomBytes(18).toString('base64url')}\n`, 0o600);
  const password = (await readNamedFile(passwordFile ?? made)).toString('utf8').trim();
  const { keyPem, certificate, authorities } = parts;
  const bytes = packPkcs12({ keyPem, certificatePem: certificate, chainPem: authorities, password, name: 'vertebra' });
  await writeNew(pkcs12, bytes, 0o600);
  return { pkcs12, password: passwordFile ?? made };
}

async function hubOf(dataFolder: string, { hub, ca }: EnrolOptions): Promise<{ url: string; trust: Trust }> {
  const running = hub === undefined ? await runningHub(dataFolder) : undefined;
  const url = hub ?? running?.adminUrl;
  if (url === undefined) throw new UsageError(`No hub runs on ${dataFolder}: start it, or name one with --hub.`);
  if (!URL.canParse(url) || !url.startsWith('https:')) throw new UsageError('--hub is not an https address.');
  if (ca !== undefined) return { url, trust: { ca: (await readNamedFile(ca)).toString('utf8') } };
  const trust = await trustOf(dataFolder, running).catch(() => undefined);
  if (trust === undefined) throw new UsageError('Name the authority of the hub’s certificate with --ca.');
  return { url, trust };
}

async function writeNew(path: string, content: string | Buffer, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Key, certificate and authority of a folder that `enrol` wrote. */
export async function identityIn(folder: string): Promise<{ key: string; cert: string; ca: string }> {
  const read = async (name: string): Promise<string> => {
    try {
      return await readFile(join(folder, name), 'utf8');
    } catch (cause) {
      throw new UsageError(`${join(folder, name)} cannot be read: enrol the system first.`, { cause });
    }
  };
  return { key: await read('system.key.pem'), cert: await read('system.crt.pem'), ca: await read('authority.crt.pem') };
}
