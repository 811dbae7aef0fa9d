// Which files may hold secrets, by their path alone: asked before every read, whatever imports or settings want.
// Refuses to open anything.
import { isSource } from './parse.js';

const folders = new Set(['.ssh', '.aws', '.azure', '.gnupg', '.gcloud', '.kube', '.docker', '.oci', '.terraform.d', '.password-store']);

const names = new Set(['.npmrc', '.yarnrc', '.yarnrc.yml', '.pypirc', '.netrc', '_netrc', '.pgpass', '.my.cnf', '.htpasswd', '.htaccess', '.git-credentials', '.dockercfg', '.dockerconfigjson', '.boto', '.s3cfg', '.vault-token', 'credentials', 'kubeconfig', 'master.key']);

const endings = /\.(pem|key|p8|p12|pfx|pkcs12|jks|keystore|truststore|kdbx?|ppk|gpg|asc|age|ovpn|tfstate|tfvars|der|crt|cer|mobileprovision)$/;

/** Data, not code, that is named for what it holds: `credentials.json`, `db-secrets.yaml`, `service-account-prod.json`. */
const telling = /(^|[._-])(credentials?|secrets?|passwords?|passwd|service[._-]?account|api[._-]?keys?|private[._-]?keys?|auth[._-]?tokens?)([._-]|$)/;

/** True for `.env*`, keys, credentials and the folders that tools keep them in; `path` may be absolute or relative, of any platform. */
export function isSecret(path: string): boolean {
  const parts = path.toLowerCase().split(/[\\/]/);
  const name = parts[parts.length - 1];
  if (parts.slice(0, -1).some((part) => folders.has(part))) return true;
  if (name === '.env' || name.startsWith('.env.') || name.startsWith('.env-') || name.startsWith('.env_') || name === '.envrc' || name.endsWith('.env')) return true;
  if (names.has(name) || endings.test(name) || /^id_(rsa|dsa|ecdsa|ed25519)(_sk)?([._-].*)?$/.test(name)) return true;
  return telling.test(name) && !isSource(name);
}
