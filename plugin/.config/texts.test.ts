import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sourceFolder } from './places.ts';
import { nested, textsOf } from './texts.ts';

function withSource<T>(source: string, work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'genesis-texts-'));
  try {
    writeFileSync(join(folder, 'a.tsx'), source);
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

it('collects the texts of calls and elements by key', () => {
  const source = `t('a.b', 'One'); t('a.c', "It's two", { x }); <Trans i18nKey="a.d">Three</Trans>; t(\n  'a.e',\n  'Fo\\'ur',\n)`;

  expect(withSource(source, (folder) => nested(textsOf(folder)))).toEqual({
    a: { b: 'One', c: "It's two", d: 'Three', e: "Fo'ur" },
  });
});

it('refuses a key with two texts', () => {
  expect(() => withSource("t('a', 'One'); t('a', 'Two')", textsOf)).toThrow(/stands for two texts/);
});

it('finds every text of the plugin', () => {
  expect(Object.keys(textsOf(sourceFolder)).length).toBeGreaterThan(100);
});
