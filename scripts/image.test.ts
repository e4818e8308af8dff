import { readFileSync } from 'node:fs';
import path from 'node:path';
import { container } from '../provisioning/src/compose/exporter.ts';

// Plain JavaScript, without types of its own.
const lib: string = './lib/node.mjs';
const { pinned } = (await import(lib)) as { readonly pinned: { readonly version: string } };
const root = path.resolve(import.meta.dirname, '..');
const read = (name: string): string => readFileSync(path.join(root, name), 'utf8');
const dockerfile = read('Dockerfile');
const manifest = JSON.parse(read('package.json')) as { workspaces: string[] };

it('builds by the one script that a test runs, on the Node that the project fetches', () => {
  const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base);

  expect(bases).toEqual([`node:${pinned.version}-bookworm-slim`, `node:${pinned.version}-bookworm-slim`]);
  expect(dockerfile).toContain('RUN node scripts/image.mjs /image');
  expect(dockerfile).not.toMatch(/npm (ci|install|pack)/);
});

it('runs as the user, with the home, that the compose file counts on', () => {
  expect(dockerfile).toContain(`USER ${container.user}:${container.user}`);
  expect(dockerfile).toContain(`GENESIS_HOME=${container.home}`);
  for (const folder of [container.home, container.tokens, `${container.home}/demo-data`, container.run])
    expect(dockerfile).toMatch(new RegExp(`install -d .*${folder}( |$)`, 'm'));
  expect(dockerfile).toContain('HEALTHCHECK');
});

it('sends Docker what the script reads, and neither tests nor what is generated', () => {
  const lines = read('.dockerignore').split('\n');

  for (const name of [...manifest.workspaces, 'scripts', 'package.json', 'package-lock.json', 'tsconfig.json'])
    expect(lines).toContain(`!${name}`);
  for (const name of ['**/node_modules', '**/.genesis', '**/secrets']) expect(lines).toContain(name);
});
