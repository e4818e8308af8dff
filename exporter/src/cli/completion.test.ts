import { spawnSync } from 'node:child_process';
import { completionNodes, completionScript } from './completion.ts';
import { buildProgram } from './program.ts';
import { inertDeps } from './testing.ts';

const program = buildProgram(inertDeps()).command;

function bashCompletes(line: readonly string[]): string[] {
  const words = line.map((word) => `'${word}'`).join(' ');
  const script = `${completionScript(program, 'bash')}\nCOMP_WORDS=(${words}); COMP_CWORD=${line.length - 1}; _genesis; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const ran = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
  expect(ran.stderr).toBe('');
  return ran.stdout.trim().split('\n');
}

it('knows every command', () => {
  const paths = completionNodes(program).map((node) => node.path);

  for (const path of [
    'serve',
    'backup',
    'restore',
    'audit verify',
    'token create',
    'key confirm',
    'catalogue rebuild',
    'config check',
    'service install',
  ]) {
    expect(paths).toContain(path);
  }
});

it('completes commands, subcommands, options and choices in bash', () => {
  expect(bashCompletes(['genesis', 'ba'])).toEqual(['backup', 'backups']);
  expect(bashCompletes(['genesis', 'token', 'cr'])).toEqual(['create']);
  expect(bashCompletes(['genesis', '--json', 'restore', '--in'])).toEqual(['--in-place', '--into']);
  expect(bashCompletes(['genesis', 'backup', '--type', ''])).toEqual([
    'full',
    'differential',
    'incremental',
    'snapshot',
  ]);
});

it('writes zsh and fish scripts with the same words', () => {
  const zsh = completionScript(program, 'zsh');
  const fish = completionScript(program, 'fish');

  expect(zsh.startsWith('#compdef genesis\n')).toBe(true);
  expect(fish).toContain("complete -c genesis -n '__genesis_at '\"'\"'token'\"'\"'' -f -a 'create'");
  expect(fish).toContain("-l type -x -a 'full differential incremental snapshot'");
});
