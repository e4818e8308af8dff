import { spawn } from 'node:child_process';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../..');

/** Runs the script as a person would; it ends what it starts, and removes its folder, also when it is stopped. */
function runScript(args: readonly string[]): Promise<{ readonly code: number | null; readonly output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path.join(root, 'docs/tests/readme.mjs'), ...args], {
      cwd: root,
      env: { ...process.env, PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env['PATH'] ?? ''}` },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.once('error', reject);
    child.once('exit', (code) => resolve({ code, output }));
  });
}

describe('the README', () => {
  it('keeps what it promises: each of its commands runs in a fresh folder and prints what stands below it', async () => {
    const { code, output } = await runScript([]);

    // The output tells which command broke which promise.
    if (code !== 0) throw new Error(output);
    expect(output).toContain('every promise was kept');
  }, 240_000);
});
