import { stopServers } from './support/postgres.ts';
import { cleanUp, sleep } from './support/processes.ts';
import { allowedSeconds, differenceOf, startStopwatch, type Pair, type Stopwatch } from './support/stopwatch.ts';

// The long form: ten drills and ten restores in place, each followed by a backup on the new timeline.

let watch: Stopwatch;

beforeAll(async () => {
  watch = await startStopwatch();
}, 120_000);
afterAll(async () => {
  await watch?.stop();
  await stopServers();
  await cleanUp();
}, 60_000);

it('ten drills and ten restores agree with the stopwatch', async () => {
  const rows: string[] = [];
  const far: string[] = [];
  const note = (turn: number, pairs: Readonly<Record<string, Pair>>): void => {
    for (const [name, pair] of Object.entries(pairs)) {
      const line = `| ${turn} | ${name} | ${pair.genesis.toFixed(2)} | ${pair.outside.toFixed(2)} | ${differenceOf(pair).toFixed(2)} |`;
      rows.push(line);
      if (!(differenceOf(pair) <= allowedSeconds(pair.outside))) far.push(line);
    }
  };
  for (let turn = 1; turn <= 10; turn += 1) {
    const backupId = await watch.backUp(turn === 1 ? 'full' : 'incremental');
    const drill = await watch.drill();
    note(turn, { 'drill: RTO': drill.rto, 'drill: RPO': drill.rpo, 'drill: whole': drill.whole });
    // So that there is something to lose, never the same.
    await sleep(turn * 700);
    const restore = await watch.restore(backupId);
    note(turn, { 'restore: RTO': restore.rto, 'restore: loss': restore.loss, 'restore: whole': restore.whole });
  }
  console.log(
    ['| turn | what | Genesis s | stopwatch s | difference s |', '|---|---|---|---|---|', ...rows].join('\n'),
  );

  expect(far).toEqual([]);
}, 1_800_000);
