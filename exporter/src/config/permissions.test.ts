import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findInsecurity, isPrivateGroup } from './permissions.ts';

const group = 'root:x:0:\nann:x:1000:\nben:x:1001:cat\nstaff:x:50:ann\nowned:x:1002:ann\n';
const passwd = 'root:x:0:0:::\nann:x:1000:1000:::\nben:x:1001:1001:::\ncat:x:1003:50:::\n';

it.each([
  ['the own group of its owner', 1000, 1000, true],
  ['a group that lists nobody but the owner', 1002, 1000, true],
  ['a group with a further member', 1001, 1001, false],
  ['a group that is the first one of somebody else', 50, 1000, false],
  ['the own group of another user', 1001, 1000, false],
  ['a group that is not known', 4711, 1000, false],
])('%s: private %#', (_name, gid, uid, expected) => {
  expect(isPrivateGroup(gid, uid, { group, passwd })).toBe(expected);
});

it('refuses a file that belongs to somebody else', () => {
  const folder = mkdtempSync(join(tmpdir(), 'genesis-permissions-'));
  const path = join(folder, 'genesis.yaml');
  writeFileSync(path, '');
  chmodSync(path, 0o600);
  const uid = process.getuid?.() ?? 0;
  // As root the file can be given away; as anybody else the question is asked in the name of another user.
  const other = 54321;
  if (uid === 0) chownSync(path, other, other);

  const found = findInsecurity(path, uid === 0 ? 0 : other, { secret: false });
  rmSync(folder, { recursive: true });

  expect(found?.message).toMatch(/belongs to user \d+, neither to root nor to the user that runs genesis/);
});
