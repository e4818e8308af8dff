import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

export interface Person {
  readonly id: number;
  readonly login: string;
  readonly name: string;
  readonly orgRole: 'Viewer' | 'Editor' | 'Admin';
}

export interface IdentitySigner {
  /** As Grafana serves them at /api/signing-keys/keys. */
  readonly keys: { readonly keys: readonly unknown[] };
  /** X-Grafana-Id of somebody, good for ten minutes. */
  tokenFor(person: Person, issuer: string): string;
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function signed(key: KeyObject, kid: string, claims: unknown): string {
  const text = `${encode({ alg: 'ES256', typ: 'jwt', kid })}.${encode(claims)}`;
  // The two numbers side by side, as JSON web signatures want them.
  return `${text}.${sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

/** A key pair that names people as Grafana's does. */
export function createSigner(): IdentitySigner {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const kid = 'id-test-es256';
  return {
    keys: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'ES256' }] },
    tokenFor({ id, login, name, orgRole }, issuer) {
      const now = Math.floor(Date.now() / 1000);
      return signed(privateKey, kid, {
        iss: issuer,
        aud: ['org:1'],
        sub: `user:${id}`,
        exp: now + 600,
        iat: now,
        type: 'user',
        identifier: `u${id}`,
        namespace: 'default',
        username: login,
        name,
        email: `${login}@example.org`,
        email_verified: true,
        authenticatedBy: 'password',
        role: orgRole,
      });
    },
  };
}
