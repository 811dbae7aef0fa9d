// What a listing reads and leaves out, and which paths are secrets. Each case is data.
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemDisk, type Disk } from '../../context/disk.js';
import { isSecret, listFiles, Workspace } from '../../context/index.js';
import { layOut } from '../harness/fixture.js';

function check(source: string, files: readonly string[], leftOut: readonly string[] = [], folder = '.'): void {
  const { root } = layOut(source);
  const listed = listFiles(join(root, folder));
  const named = (path: string): string => path.slice(root.length + 1);
  expect(listed.files.map(named)).toEqual(files);
  expect(listed.leftOut.map((l) => `${named(l.path)}: ${l.reason}`)).toEqual(leftOut);
}

const cases: Record<string, [source: string, files: string[], leftOut?: string[], folder?: string]> = {
  'the languages': [
    '--- a.ts\n--- b.tsx\n--- c.js\n--- d.jsx\n--- e.mjs\n--- f.cjs\n--- g.mts\n--- h.cts\n--- i.py\n--- j.pyi\n--- k.go\n--- l.json\n--- m.md\n--- n.d.ts\n',
    ['a.ts', 'b.tsx', 'c.js', 'd.jsx', 'e.mjs', 'f.cjs', 'g.mts', 'h.cts', 'i.py', 'j.pyi', 'n.d.ts'],
  ],
  '.gitignore at every level, with exceptions': [
    '--- .gitignore\n*.gen.ts\n/build\nlogs/\n--- a.ts\n--- a.gen.ts\n--- build/x.ts\n--- src/build/y.ts\n--- src/.gitignore\n!keep.gen.ts\nlocal.ts\n--- src/keep.gen.ts\n--- src/drop.gen.ts\n--- src/local.ts\n--- src/deep/local.ts\n--- deep/logs/z.ts\n',
    ['a.ts', 'src/keep.gen.ts', 'src/build/y.ts'],
  ],
  '.kedgeignore at every level, beside .gitignore': [
    '--- .gitignore\na.gen.ts\n--- .kedgeignore\n*.big.ts\n!a.gen.ts\n--- a.big.ts\n--- a.gen.ts\n--- src/.kedgeignore\n/fixtures/\n!keep.big.ts\n--- src/fixtures/x.ts\n--- src/keep.big.ts\n--- src/deep/fixtures/y.ts\n',
    ['a.gen.ts', 'src/keep.big.ts', 'src/deep/fixtures/y.ts'],
  ],
  '.git/info/exclude': ['--- .git/HEAD\n--- .git/info/exclude\nmine.ts\n--- mine.ts\n--- a.ts\n', ['a.ts']],
  'a sub-folder of a repository keeps its rules': ['--- .git/HEAD\n--- .gitignore\n*.gen.ts\n/sub/out\n--- sub/a.ts\n--- sub/a.gen.ts\n--- sub/out/b.ts\n', ['sub/a.ts'], [], 'sub'],
  'a folder that the repository ignores is read when asked for': ['--- .git/HEAD\n--- .gitignore\nvendor/\n--- vendor/a.ts\n--- a.ts\n', ['vendor/a.ts'], [], 'vendor'],
  'a repository in the repository has its own rules': [
    '--- .git/HEAD\n--- .gitignore\nlib/\n/third/\n--- .kedgeignore\nfixtures/\n--- lib/a.ts\n--- third/.git/HEAD\n--- third/b.ts\n--- vendor/sub/.git\ngitdir: elsewhere\n--- vendor/sub/.gitignore\nout/\n--- vendor/sub/lib/c.ts\n--- vendor/sub/out/d.ts\n--- vendor/sub/fixtures/e.ts\n',
    ['vendor/sub/lib/c.ts'],
  ],
  'never what tools install': ['--- node_modules/x/a.ts\n--- .venv/lib/a.py\n--- env/pyvenv.cfg\n--- env/lib/a.py\n--- pkg/__pycache__/a.py\n--- pkg/a.py\n--- dist/a.js\n', ['dist/a.js', 'pkg/a.py']],
  'no symbolic link, in or out, and no cycle': ['--- src/a.ts\n--- link.ts -> src/a.ts\n--- dir -> src\n--- src/loop -> ..\n--- gone.ts -> nowhere.ts\n', ['src/a.ts'], ['dir: symlink', 'gone.ts: symlink', 'link.ts: symlink', 'src/loop: symlink']],
  'no secrets': [
    '--- .env\nA=1\n--- .env.local\n--- prod.env\n--- server.key\n--- id_rsa\n--- credentials.json\n--- .npmrc\n--- .aws/config.py\n--- src/credentials.ts\n--- src/environment.ts\n',
    ['src/credentials.ts', 'src/environment.ts'],
    ['.aws: secret', '.env: secret', '.env.local: secret', '.npmrc: secret', 'credentials.json: secret', 'id_rsa: secret', 'prod.env: secret', 'server.key: secret'],
  ],
  'no file over 1 MB': [`--- a.ts\n--- big.ts\n${'x'.repeat(1_048_577)}`, ['a.ts'], ['big.ts: too large']],
  'an empty folder': ['--- a.md\n', []],
};

for (const [name, [source, files, leftOut, folder]] of Object.entries(cases)) test(name, () => check(source, files, leftOut, folder));

test.skipIf(process.platform !== 'linux')('upper and lower case are not the same on Linux', () => check('--- .gitignore\nMANIFEST\n--- manifest/a.py\n--- MANIFEST\n--- Manifest.py\n', ['Manifest.py', 'manifest/a.py']));

test('what is excluded is left out, whatever an ignore file takes back in', () => {
  const { root } = layOut('--- .gitignore\n!kept/\n!generated.ts\n--- a.ts\n--- generated.ts\n--- kept/b.ts\n--- kept/generated.ts\n--- sub/kept/c.ts\n--- sub/only.ts\n');
  const named = (exclude: readonly string[]): string[] => listFiles(root, { exclude }).files.map((path) => path.slice(root.length + 1));
  const all = named([]);
  expect(named(['generated.ts', '/kept/'])).toEqual(['a.ts', 'sub/only.ts', 'sub/kept/c.ts']);
  expect(named(['*', '!a.ts'])).toEqual(['a.ts']);
  expect(all).toHaveLength(6);
});

test('what cannot be listed is told in one line', () => {
  const { root } = layOut('--- a.ts\n');
  expect(() => listFiles(`${root}/none`)).toThrow(/none does not exist$/);
  expect(() => listFiles(`${root}/a.ts`)).toThrow(/a\.ts is not a folder$/);
});

test('a folder that is not readable is told or named', () => {
  const { root } = layOut('--- sub/a.ts\n--- b.ts\n');
  const closed = (path: string): Disk => ({ ...systemDisk, list: (dir) => (dir === path ? undefined : systemDisk.list(dir)) });
  expect(() => listFiles(root, { disk: closed(root) })).toThrow(/is not readable/);
  expect(listFiles(root, { disk: closed(join(root, 'sub')) })).toEqual({ files: [join(root, 'b.ts')], workspace: root, leftOut: [{ path: join(root, 'sub'), reason: 'unreadable' }] });
});

describe('a template of environment variables gives its names and nothing else', () => {
  const templates: Record<string, [text: string, names: string]> = {
    'values, quotes, comments and exports': ['# key: SECRET\nA=SECRET\n export B_2 = "SECRET" # SECRET\nC=\n\nlower_case=SECRET\n', 'A=\nB_2=\nC=\nlower_case=\n'],
    'values over several lines': ['A="SECRET\nB=SECRET\n"\nC=\'x\'\nD=`SECRET\nE=SECRET`\nF=1\n', 'A=\nC=\nD=\nF=\n'],
    'keys': ['A=-----BEGIN KEY-----\nSECRET=\nMIIEvQIBADAN==\n-----END KEY-----\nB=1\n', 'A=\nB=\n'],
    'what is no assignment': ['SECRET\nsEcReT=\nSECRET==\nA B=SECRET\n', ''],
    'Windows line ends': ['A=SECRET\r\nB=SECRET\r\n', 'A=\nB=\n'],
  };
  for (const [name, [text, names]] of Object.entries(templates))
    test(name, () => {
      const { root } = layOut('--- .env.example\n--- .env\nA=SECRET\n--- a.ts\n');
      const path = join(root, '.env.example');
      writeFileSync(path, text);
      const workspace = new Workspace([root]);
      expect([workspace.snapshot.read(path), workspace.snapshot.read(join(root, '.env'))]).toEqual([names, undefined]);
      const snapshot = workspace.apply([{ kind: 'open', path, text }, { kind: 'open', path: join(root, '.env'), text }]);
      expect([snapshot.read(path), snapshot.read(join(root, '.env'))]).toEqual([names, undefined]);
      expect(snapshot.pieces(path, 'declaration').map(({ segment }) => segment.text).join('')).toBe(names);
      expect(snapshot.pieces(join(root, '.env'), 'declaration')).toEqual([]);
      expect(snapshot.recent()).toEqual([path]);
      expect(snapshot.own(path)).toBe(text);
    });
});

describe('content that is not text', () => {
  const { root } = layOut('--- a.ts\nok\n');
  const { snapshot } = new Workspace([root]);
  const reads: Record<string, [bytes: Uint8Array, text: string | undefined]> = {
    'a binary file': [Uint8Array.of(1, 0, 2), undefined],
    'UTF-16': [Buffer.from('const a = 1', 'utf16le'), undefined],
    'a byte order mark': [Buffer.from('\ufeffa = 1', 'utf8'), 'a = 1'],
    'bytes that are not UTF-8': [Uint8Array.of(97, 0xe9, 98), 'a\ufffdb'],
    'an empty file': [new Uint8Array(), ''],
  };
  for (const [name, [bytes, text]] of Object.entries(reads))
    test(name, () => {
      const path = join(root, `${readdirSync(root).length}.py`);
      writeFileSync(path, bytes);
      expect(snapshot.read(path)).toBe(text);
    });
});

const secrets = ['.envs/.production/.django', '.env-prod/values.json', '.ENV_local/values.json', '.env/values.json', 'a/.envs/.local/.env.example', '.env.d/values', '.env.example.local', '.env.sample.bak', '.aws/.env.example', '/home/me/.config/gcloud/application.json', '.config/gh/hosts.yml', 'app-firebase-adminsdk-x.json', '.terraformrc', '.env', '.env.production', '.env.ts', 'a/.envrc', 'x.pem', 'C:\\Users\\me\\.ssh\\config', '/home/me/.aws/credentials', 'id_ed25519', 'id_rsa.old', 'db.kdbx', 'terraform.tfstate', 'prod.tfvars', 'secrets.yaml', 'my-secret.json', 'service-account.json', 'gcp_service_account_key.json', '.netrc', '.pypirc', '.git-credentials', 'API_KEYS.txt', 'keystore.jks', 'terraform.tfvars.json', 'prod.auto.tfvars.json', 'terraform.tfstate.backup', 'prod.kubeconfig', 'kubeconfig.yaml', '.dev.vars', '.flaskenv', '.envrc.local', '.env~', 'id_rsa~', '.npmrc.bak', 'token.json', 'deploy_key'];
const plain = ['/home/me/.environment/p/package.json', '.environments/.gitignore', '.env/lib/python3.12/site-packages/a.py', '.env.example', 'a/.env.sample', '.env.template', 'gcloud/main.py', 'config/gh/a.ts', 'a.ts', 'environment.ts', 'env.py', 'src/secrets.py', 'credentials.ts', 'keys.ts', 'identity.ts', 'secretary.json', 'monkey.py', 'a.env.d.ts', 'keyboard.tsx', 'tokens.json'];
test('a key is a secret under any name, but code that names one is code', () => {
  const key = '-----BEGIN RSA PRIVATE KEY-----';
  const { root } = layOut(`--- project-1a2b3c.json\n{ "private_key": "${key}" }\n--- notes.txt\n${key}\n--- pem.ts\nexport const head = '-----BEGIN PRIVATE KEY-----';\n`);
  const snapshot = new Workspace([root]).apply([{ kind: 'open', path: join(root, 'open.txt'), text: key }]);
  expect(['project-1a2b3c.json', 'notes.txt', 'open.txt', 'pem.ts'].map((name) => snapshot.read(join(root, name)) === undefined)).toEqual([true, true, true, false]);
});

test.each(secrets)('%s is a secret', (path) => expect(isSecret(path)).toBe(true));
test.each(plain)('%s is not', (path) => expect(isSecret(path)).toBe(false));
