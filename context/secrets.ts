// Which files may hold secrets, by their path or by a key inside, and what of a template of them may be told.
// Asked before every read, whatever imports or settings want.
// Refuses to open anything.
import { isSource } from './parse.js';

const examples = new Set(['.env.example', '.env.sample', '.env.template']);

const folders = new Set(['.ssh', '.aws', '.azure', '.gnupg', '.gcloud', '.kube', '.docker', '.oci', '.terraform.d', '.password-store', '.gsutil']);
/** A longer word, `.environment`, is a folder like any other. */
const environmentFolder = /^\.env(s?$|[._-])/;
/** Under `.config`. */
const configFolders = new Set(['gcloud', 'gh', 'hub', 'op', 'sops']);

const names = new Set(['.npmrc', '.yarnrc', '.yarnrc.yml', '.pypirc', '.netrc', '_netrc', '.pgpass', '.my.cnf', '.htpasswd', '.htaccess', '.git-credentials', '.dockercfg', '.dockerconfigjson', '.boto', '.s3cfg', '.vault-token', 'credentials', 'kubeconfig', 'master.key', '.terraformrc', 'terraform.rc', 'local.settings.json', '.databrickscfg', '.dev.vars', '.flaskenv', 'token.json', 'deploy_key']);

const endings = /\.(pem|key|p8|p12|pfx|pkcs12|jks|keystore|truststore|kdbx?|ppk|gpg|asc|age|ovpn|tfstate(\.backup)?|tfvars(\.json)?|der|crt|cer|mobileprovision)$/;

/** Data, not code, that is named for what it holds: `credentials.json`, `db-secrets.yaml`, `service-account-prod.json`. */
const telling = /(^|[._-])(firebase[._-]adminsdk|kubeconfig|credentials?|secrets?|passwords?|passwd|service[._-]?account|api[._-]?keys?|private[._-]?keys?|auth[._-]?tokens?)([._-]|$)/;

/** A template of an environment file: it says which names there are, and its values are nobody's business. */
export const isEnvExample = (path: string): boolean => examples.has(path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1).toLowerCase());

/** All that may be known of such a template: a line `NAME=` for each name, of lines outside quoted values and keys. */
export function envNames(text: string): string {
  const names: string[] = [];
  let quote: string | undefined;
  let inKey = false;
  for (const line of text.split(/\r?\n/)) {
    if (quote !== undefined) {
      if (line.includes(quote)) quote = undefined;
      continue;
    }
    if (line.includes('-----BEGIN')) inKey = true;
    const match = /^\s*(?:export\s+)?([A-Z_][A-Z0-9_]{0,63}|[a-z_][a-z0-9_]{0,63})\s*=(?!=)\s*(.*)$/.exec(line);
    if (match && (!inKey || line.includes('-----BEGIN'))) {
      names.push(`${match[1]}=\n`);
      const opener = /^["'`]/.exec(match[2])?.[0];
      if (opener !== undefined && !match[2].slice(1).includes(opener)) quote = opener;
    }
    if (line.includes('-----END')) inKey = false;
  }
  return names.join('');
}

/** True for `.env` and its like, keys, credentials and the folders that tools keep them in; `path`: a file's, absolute or relative, of any platform. */
export function isSecret(path: string): boolean {
  const parts = path.toLowerCase().split(/[\\/]/);
  const fullName = parts[parts.length - 1];
  // An editor's copy holds what its file does.
  const name = fullName.replace(/(~|\.(bak|orig|swp|save))$/, '');
  if (parts.slice(0, -1).some((part, i) => folders.has(part) || (parts[i - 1] === '.config' && configFolders.has(part)))) return true;
  // Under such a name lie Python environments, too.
  if (parts.slice(0, -1).some((part) => environmentFolder.test(part)) && !isSource(name)) return true;
  if (examples.has(fullName)) return false;
  if (name === '.env' || name.startsWith('.env.') || name.startsWith('.env-') || name.startsWith('.env_') || name === '.envrc' || name.startsWith('.envrc.') || name.endsWith('.env')) return true;
  if (names.has(name) || endings.test(name) || /^id_(rsa|dsa|ecdsa|ed25519)(_sk)?([._-].*)?$/.test(name)) return true;
  return telling.test(name) && !isSource(name);
}

/** Whether all that lies in the folder is. */
export const isSecretFolder = (path: string): boolean => isSecret(`${path}/x`);

/** Whether a file that is no source holds a private key, whatever its name. */
export const holdsKey = (path: string, text: string): boolean => !isSource(path) && /-----BEGIN [A-Z ]*PRIVATE KEY|"private_key"\s*:/.test(text);
