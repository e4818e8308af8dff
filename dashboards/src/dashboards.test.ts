import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { Config } from '@genesis-dr/exporter/config';
import { generate, generateCommitted } from './index.ts';

const checkout = path.resolve(import.meta.dirname, '../..');

describe('generated dashboards', () => {
  it('are committed as they are generated, and no other', () => {
    const files = generateCommitted();
    for (const file of files) {
      const { description, ...rest } = JSON.parse(file.content) as { description: string };
      const committed = JSON.parse(readFileSync(path.join(checkout, file.path), 'utf8')) as { description: string };
      expect(committed).toMatchObject(rest);
      // Where it comes from was added to it.
      expect(committed.description).toMatch(
        new RegExp(`^${description.replace('?', '\\?')} Generated from genesis.yaml by`),
      );
    }
    expect(readdirSync(path.join(checkout, 'dashboards/generated')).sort()).toEqual(
      files.map((file) => path.basename(file.path)).sort(),
    );
  });

  it('are the same for the same configuration, whatever its services are called', () => {
    const one = Config.parse({ services: [{ name: 'one' }] });
    const other = Config.parse({ services: [{ name: 'x' }, { name: 'y' }] });
    expect(generate(one)).toEqual(generate(one));
    expect(generate(other)).toEqual(generate(one));
  });

  it('look for the process of Genesis under the configured job', () => {
    const [json] = generate(Config.parse({ rules: { job: 'my "job"' } })).filter((f) =>
      f.path.endsWith('/exporter.json'),
    );
    const text = JSON.parse(json?.content ?? '') as unknown;
    expect(JSON.stringify(text)).toContain(JSON.stringify('up{job="my \\"job\\"",cluster=~"$cluster|"}').slice(1, -1));
    expect(JSON.stringify(text)).not.toContain('genesis_dr\\"');
  });
});
