import { writeFileSync } from 'node:fs';
import { readOwners } from './owners.ts';
import { createSandbox } from './test-support.ts';

test('names come from the two files, the first one of an id counts', () => {
  const box = createSandbox();
  writeFileSync(box.at('passwd'), 'root:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/:\nann:x:1000:100::/:\nbroken\n');
  writeFileSync(box.at('group'), 'users:x:100:ann\n');

  const owners = readOwners(box.at('passwd'), box.at('group'));

  expect([owners.user(0), owners.user(1000), owners.user(7), owners.group(100), owners.group(0)]).toEqual([
    'root',
    'ann',
    '',
    'users',
    '',
  ]);
  expect(readOwners(box.at('none'), box.at('none')).user(0)).toBe('');
  box.remove();
});
