import { Config } from '@genesis-dr/exporter/config';
import { parse } from 'yaml';
import { exampleBlock } from './example-block.ts';

it('is a configuration that the exporter takes', () => {
  const read = Config.safeParse(parse(exampleBlock));

  expect(read.error?.issues ?? []).toEqual([]);
  expect(read.data?.services[0]?.scaling).toMatchObject({ engine: 'process', mode: 'observe', min: 2, max: 10 });
});
