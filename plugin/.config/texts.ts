import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const call = /\bt\(\s*'([\w.-]+)',\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|`((?:[^`\\$]|\\.)*)`)/g;
const element = /<Trans\s+i18nKey="([\w.-]+)"[^>]*>([^<{]*)<\/Trans>/g;

/**
 * The English texts of the sources by key: what stands as default in `t('key', 'text')` and in `<Trans i18nKey="key">text</Trans>`.
 * Throws when one key has two texts: only one of them could be translated.
 */
export function textsOf(folder: string): Record<string, string> {
  const found = new Map<string, string>();
  for (const file of sourcesBelow(folder)) {
    const source = readFileSync(file, 'utf8');
    for (const [, key, ...texts] of [...source.matchAll(call), ...source.matchAll(element)]) {
      const text = unescaped(texts.find((one) => one !== undefined) ?? '').trim();
      if (key === undefined) continue;
      const known = found.get(key);
      if (known !== undefined && known !== text)
        throw new Error(`the key ${key} stands for two texts: "${known}" and "${text}" (${file})`);
      found.set(key, text);
    }
  }
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Keys with dots as nested objects, as i18next reads them. */
export function nested(texts: Readonly<Record<string, string>>): Record<string, unknown> {
  const tree: Record<string, unknown> = {};
  for (const [key, text] of Object.entries(texts)) {
    const parts = key.split('.');
    let at = tree;
    for (const part of parts.slice(0, -1)) at = (at[part] ??= {}) as Record<string, unknown>;
    at[parts.at(-1) ?? key] = text;
  }
  return tree;
}

function sourcesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !/\.test\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(.)/g, '$1');
}
