import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import webpack from 'webpack';
import { checkout, distFolder, fill, pluginFolder, replacements, sourceFolder } from './places.ts';
import { nested, textsOf } from './texts.ts';
import { webpackConfig } from './webpack.ts';

/** `node plugin/.config/build.ts [--out DIR] [--dev]`: the folder that Grafana loads as the plugin. */
async function main(args: readonly string[]): Promise<void> {
  const at = args.indexOf('--out');
  const out = at === -1 ? distFolder : resolve(args[at + 1] ?? distFolder);
  const mode = args.includes('--dev') ? 'development' : 'production';
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const values = replacements();
  copyParts(out, values, mode);
  await bundle(values['PLUGIN_ID'] ?? '', mode, out);
}

function copyParts(out: string, values: Record<string, string>, mode: string): void {
  const manifest = JSON.parse(fill(readFileSync(join(sourceFolder, 'plugin.json'), 'utf8'), values)) as object;
  writeFileSync(join(out, 'plugin.json'), `${JSON.stringify({ ...manifest, buildMode: mode }, null, 2)}\n`);
  writeFileSync(join(out, 'README.md'), fill(readFileSync(join(sourceFolder, 'README.md'), 'utf8'), values));
  for (const file of ['CHANGELOG.md', 'LICENSE']) cpSync(join(pluginFolder, file), join(out, file));
  cpSync(join(sourceFolder, 'img'), join(out, 'img'), { recursive: true });
  copyDashboards(join(out, 'dashboards'));
  const texts = join(out, 'locales', 'en-US');
  mkdirSync(texts, { recursive: true });
  writeFileSync(
    join(texts, `${values['PLUGIN_ID']}.json`),
    `${JSON.stringify(nested(textsOf(sourceFolder)), null, 2)}\n`,
  );
}

/** The dashboards that the configuration of the example makes; Grafana imports them with the plugin. */
function copyDashboards(to: string): void {
  const from = join(checkout, 'dashboards', 'generated');
  mkdirSync(to);
  for (const file of readdirSync(from).filter((name) => name.endsWith('.json')))
    cpSync(join(from, file), join(to, file));
}

function bundle(pluginId: string, mode: 'production' | 'development', out: string): Promise<void> {
  const compiler = webpack(webpackConfig(pluginId, mode, out));
  return new Promise((done, failed) => {
    compiler.run((error, stats) => {
      compiler.close(() => {
        if (error !== null) return failed(error);
        if (stats?.hasErrors() ?? true)
          return failed(new Error(stats?.toString({ all: false, errors: true }) ?? 'no stats'));
        done();
      });
    });
  });
}

await main(process.argv.slice(2));
