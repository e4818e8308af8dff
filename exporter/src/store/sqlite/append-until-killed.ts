// Child of faults.test.ts: writes audit rows and operations for as long as it may, and prints each one once it is durable.
import { writeSync } from 'node:fs';
import { OpError } from '../../contract/errors.ts';
import { openForTest } from './testing.ts';

const [path = ''] = process.argv.slice(2);
const store = await openForTest(path);
const at = new Date(0).toISOString();
// Not console.log: the line must be out before the next row is begun, also when the process dies right after.
const print = (line: object): number => writeSync(1, `${JSON.stringify(line)}\n`);
const row = {
  at,
  actor: 'a',
  role: 'admin',
  via: 'cli',
  action: 'backup',
  service: null,
  target: null,
  result: 'intent',
  reason: null,
  operationId: null,
  remote: null,
  details: { filler: 'x'.repeat(500) },
} as const;

try {
  for (let n = 1; ; n += 1) {
    const { count, hash } = await store.audit.append(row);
    print({ count, hash });
    if (n % 3 === 0) {
      const id = `o${count}`;
      await store.operations.begin({
        id,
        kind: 'backup',
        service: 'app',
        params: {},
        actor: { name: 'a', role: 'admin', via: 'cli' },
        reason: null,
        idempotencyKey: id,
        requestHash: 'h',
        createdAt: at,
      });
      print({ begun: id });
    }
  }
} catch (thrown) {
  if (!(thrown instanceof OpError)) throw thrown;
  print({ refused: thrown.code, head: (await store.audit.head())?.count ?? 0 });
}
