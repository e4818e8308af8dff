import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Role } from '../contract/operation.ts';
import type { Clock, Random } from '../ports/index.ts';
import type { Store, TokenRow } from '../store/port.ts';
import { sha256Hex } from './canonical.ts';
import { writeAtomically, type Home } from './home.ts';

export interface NewToken {
  readonly row: TokenRow;
  /** 256 random bits; shown once, only its hash is kept. */
  readonly secret: string;
}

export function makeToken(
  random: Random,
  now: Date,
  token: {
    readonly name: string;
    readonly role: Role;
    readonly createdBy: string;
    readonly expiresInSeconds: number | null;
  },
): NewToken {
  const secret = `gdr_${random.bytes(32).toString('base64url')}`;
  const expiresAt =
    token.expiresInSeconds === null ? null : new Date(+now + token.expiresInSeconds * 1000).toISOString();
  return {
    secret,
    row: {
      id: `tok_${random.hex(6)}`,
      name: token.name,
      role: token.role,
      hash: sha256Hex(secret),
      createdAt: now.toISOString(),
      createdBy: token.createdBy,
      expiresAt,
      lastUsedAt: null,
      revokedAt: null,
    },
  };
}

const firstTokens: readonly { readonly name: string; readonly role: Role }[] = [
  { name: 'admin', role: 'admin' },
  { name: 'operator', role: 'operator' },
  { name: 'viewer', role: 'viewer' },
];

function readFirst(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw thrown;
  }
}

/**
 * The three first tokens, each in a 0600 file of the home. A file whose token the state does not know (the state was lost)
 * gets a new one; a token that was revoked stays revoked and its file is left alone.
 */
export async function ensureFirstTokens(store: Store, home: Home, clock: Clock, random: Random): Promise<void> {
  const rows = await store.tokens.list();
  for (const { name, role } of firstTokens) {
    const file = join(home.tokensFolder, name);
    const text = readFirst(file);
    if (text !== null && (await store.tokens.byHash(sha256Hex(text))) !== null) continue;
    const live = rows.filter((r) => r.name === name && r.revokedAt === null);
    // Only where none is left was it revoked by a person; one that was replaced here left a live one behind.
    if (live.length === 0 && rows.some((r) => r.name === name)) continue;
    for (const row of live) await store.tokens.revoke(row.id, clock.now().toISOString());
    const made = makeToken(random, clock.now(), { name, role, createdBy: 'first start', expiresInSeconds: null });
    await store.tokens.add(made.row);
    writeAtomically(file, `${made.secret}\n`, 0o600);
  }
}
