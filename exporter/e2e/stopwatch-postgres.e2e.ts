import { stopServers } from './support/postgres.ts';
import { cleanUp } from './support/processes.ts';
import { allowedSeconds, differenceOf, startStopwatch, type Pair, type Stopwatch } from './support/stopwatch.ts';

// RTO and RPO as Genesis measures them, against a stopwatch outside. Ten of each: stopwatch-postgres.long.ts.

let watch: Stopwatch;
let backupId: string;

beforeAll(async () => {
  watch = await startStopwatch();
  backupId = await watch.backUp('full');
}, 120_000);
afterAll(async () => {
  await watch?.stop();
  await stopServers();
  await cleanUp();
}, 60_000);

function expectAgreement(pairs: Readonly<Record<string, Pair>>): void {
  const far = Object.entries(pairs).filter(([, pair]) => !(differenceOf(pair) <= allowedSeconds(pair.outside)));
  expect(Object.fromEntries(far)).toEqual({});
}

it('a drill measures the time to recover and the loss as the stopwatch does', async () => {
  const { record, rto, rpo, whole } = await watch.drill();

  expect(record.passed).toBe(true);
  expect(rpo.outside).toBeGreaterThan(0);
  expectAgreement({ rto, rpo, whole });
}, 90_000);

it('a restore after the death of the server takes and loses what the stopwatch shows', async () => {
  const { operation, rto, whole, loss } = await watch.restore(backupId);

  expect(operation.steps.map(({ name, state }) => [name, state])).toContainEqual(['start the service', 'succeeded']);
  expect(loss.outside).toBeGreaterThanOrEqual(0);
  expectAgreement({ rto, whole, loss });
}, 90_000);
