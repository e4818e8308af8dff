import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fail, ok, toOpError } from '../contract/errors.ts';
import type { Outcome } from '../contract/errors.ts';
import { findInsecurity } from './permissions.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

const secretBytesMax = 64 * 1024;

/**
 * The text behind `env:NAME` or `file:/path`; one trailing line end of a file is taken off.
 * Errors: config_invalid (not set, empty, not a reference), config_unreadable, config_insecure (others may read the file,
 * or write it or a folder above it). No message ever holds the secret.
 */
export function readSecret(ref: string, env: Environment, uid: number): Outcome<string> {
  if (ref.startsWith('env:')) return readVariable(ref.slice('env:'.length), env);
  if (ref.startsWith('file:/')) return readSecretFile(resolve(ref.slice('file:'.length)), uid);
  return fail('config_invalid', 'a secret must be given as env:NAME or file:/absolute/path');
}

function readVariable(name: string, env: Environment): Outcome<string> {
  const text = env[name];
  if (text === undefined) return fail('config_invalid', `the environment variable ${name} is not set`);
  return text === '' ? fail('config_invalid', `the environment variable ${name} is empty`) : ok(text);
}

function readSecretFile(path: string, uid: number): Outcome<string> {
  try {
    const insecurity = findInsecurity(path, uid, { secret: true });
    if (insecurity !== null) return fail('config_insecure', insecurity.message, { details: { mend: insecurity.mend } });
    if (statSync(path).size > secretBytesMax)
      return fail('config_invalid', `the secret file ${path} is larger than 64 KiB`);
    const text = readFileSync(path, 'utf8').replace(/\r?\n$/, '');
    return text === '' ? fail('config_invalid', `the secret file ${path} is empty`) : ok(text);
  } catch (thrown) {
    const missing = (thrown as NodeJS.ErrnoException).code === 'ENOENT';
    const message = missing ? 'does not exist' : `cannot be read: ${toOpError(thrown, 'config_unreadable').message}`;
    return fail('config_unreadable', `the secret file ${path} ${message}`, { cause: thrown });
  }
}
