import path from 'node:path';
import { ESLint } from 'eslint';

const root = path.resolve(import.meta.dirname, '../..');

/** What the project's own configuration says to a file of that name with that text. */
async function complaints(file: string, text: string): Promise<string[]> {
  const eslint = new ESLint({ cwd: root });
  const results = await eslint.lintText(text, { filePath: path.join(root, file) });
  return results.flatMap((result) => result.messages.map((message) => message.message));
}

const use = (specifier: string): string => `import { x } from '${specifier}';\nx();\n`;

it.each([
  ['exporter/src/core/a.ts', '../runtime/app.ts', /core may not import runtime/],
  ['exporter/src/contract/a.ts', '../ports/index.ts', /contract may not import ports/],
  ['exporter/src/contract/a.ts', 'node:fs', /browser-safe/],
  ['exporter/src/contract/a.ts', 'pino', /browser-safe/],
  ['exporter/src/core/a.ts', 'node:fs', /does no I\/O/],
  ['exporter/src/config/a.ts', '../engines/backup/archive/engine.ts', /options\.ts only/],
  ['exporter/src/api/routes/a.ts', '../../cli/format.ts', /only main\.ts imports cli/],
  ['exporter/src/cli/a.ts', '../main.ts', /nobody imports main\.ts/],
  ['exporter/src/api/a.ts', '@genesis-dr/rules', /only cli imports the generators/],
  ['exporter/src/runtime/a.ts', '../../../rules/src/index.ts', /generator/],
  ['rules/src/a.ts', '../../exporter/src/contract/index.ts', /imports only @genesis-dr\/exporter/],
  ['rules/src/a.ts', '@genesis-dr/exporter/store', /generators import only/],
  ['plugin/src/a.tsx', '@genesis-dr/exporter/config', /plugin imports only/],
  ['plugin/src/a.tsx', '../../exporter/src/core/sla.ts', /may not reach out/],
  ['plugin/src/a.tsx', 'node:fs', /runs in a browser/],
])('%s may not import %s', async (file, specifier, why) => {
  expect((await complaints(file, use(specifier))).join('\n')).toMatch(why);
});

it.each([
  ['exporter/src/runtime/a.ts', '../store/port.ts'],
  ['exporter/src/contract/a.ts', './metrics/index.ts'],
  ['exporter/src/config/a.ts', '../engines/backup/archive/options.ts'],
  ['exporter/src/main.ts', './cli/program.ts'],
  ['exporter/src/cli/a.ts', '#generators/rules'],
  ['rules/src/alerts/a.ts', '@genesis-dr/exporter/contract'],
  ['plugin/src/pages/a.tsx', '@genesis-dr/exporter/contract/client'],
])('%s may import %s', async (file, specifier) => {
  expect(await complaints(file, use(specifier))).toEqual([]);
});

it('catches import() and re-exports too', async () => {
  expect(
    await complaints('exporter/src/core/a.ts', "export const x = () => import('../api/server.ts');\n"),
  ).toHaveLength(1);
  expect(await complaints('exporter/src/core/a.ts', "export * from '../api/server.ts';\n")).toHaveLength(1);
});

it.each([
  ['Date.now()', /Clock port/],
  ['Math.random()', /Random port/],
  ['process.env.HOME', /reads? the environment/],
  ['console.log(1)', /console/],
])('refuses %s in the core', async (expression, why) => {
  expect((await complaints('exporter/src/core/a.ts', `export const x = ${expression};\n`)).join('\n')).toMatch(why);
});

it('lets runtime and main touch the real world', async () => {
  expect(await complaints('exporter/src/runtime/a.ts', 'export const x = Date.now();\n')).toEqual([]);
  expect(await complaints('exporter/src/main.ts', 'export const x = process.env.HOME;\n')).toEqual([]);
});

it('refuses what type stripping cannot run, and functions that nobody can read', async () => {
  expect((await complaints('exporter/src/core/a.ts', 'export enum A { B }\n')).join('\n')).toMatch(/enums/);
  const long = `export function f(): void {\n${'  f();\n'.repeat(75)}}\n`;
  expect((await complaints('exporter/src/core/a.ts', long)).join('\n')).toMatch(/too many lines/);
});
