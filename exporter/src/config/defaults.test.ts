import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { defaultConfigYaml } from './defaults.ts';
import { createBench } from './testing.ts';

it.each(['home', 'a home: with #odd "signs"'])('loads without a fault or a warning in %j', (name) => {
  const bench = createBench();
  const home = join(bench.folder, name);
  const dataDir = join(home, 'demo-data');
  mkdirSync(dataDir, { recursive: true });
  const yaml = defaultConfigYaml({
    home,
    dataDir,
    repositoryDir: join(home, 'repository'),
    copyDir: join(home, 'copies/second'),
  });
  const { config, warnings } = bench.good(yaml, { GENESIS_HOME: home });
  bench.remove();

  expect(warnings).toEqual([]);
  expect(config.services).toMatchObject([
    {
      name: 'demo-files',
      backup: {
        components: { data: { paths: [dataDir] } },
        schedules: { full: '0 2 * * *', incremental: '*/2 * * * *' },
      },
      copies: [{ name: 'second-folder', path: join(home, 'copies/second'), offsite: false }],
      drills: { schedule: '0 4 * * 0' },
    },
  ]);
  expect(config.restore.roots).toEqual([join(home, 'restores')]);
});
