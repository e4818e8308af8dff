import { spawn } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { readLines } from './lines.ts';

function read(chunks: readonly (string | Buffer)[]): Promise<string[]> {
  const [stream, lines] = [new PassThrough(), [] as string[]];
  readLines(stream, (line) => lines.push(line));
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  return new Promise((resolve) => stream.on('end', () => resolve(lines)));
}

describe('lines of an output', () => {
  it.each<[string, (string | Buffer)[], string[]]>([
    ['several in one chunk', ['a\nb\nc\n'], ['a', 'b', 'c']],
    ['one in several chunks', ['a', 'b', 'c\nd', '\n'], ['abc', 'd']],
    ['a last one without its end', ['a\nb'], ['a', 'b']],
    ['empty ones', ['\n\na\n'], ['', '', 'a']],
    ['with the ends of Windows', ['a\r\nb\r', '\nc'], ['a', 'b', 'c']],
    ['a letter that is cut in two', [Buffer.from([0xc3]), Buffer.from([0xa4, 0x0a])], ['ä']],
    ['none', [], []],
  ])('are told: %s', async (_, chunks, expected) => {
    expect(await read(chunks)).toEqual(expected);
  });

  it.each<[string, object]>([
    ['has none', {}],
    ['names it otherwise', { _handle: { stop: () => 0, start: () => 0 } }],
    ['refuses', { _handle: { readStop: () => -9, readStart: () => -9 } }],
    [
      'has taken it away',
      {
        _handle: {
          readStop: () => {
            throw new TypeError('Illegal invocation');
          },
          readStart: () => 0,
        },
      },
    ],
  ])('come at once from a stream whose handle cannot be stopped: it %s', async (_, handle) => {
    const [stream, lines] = [Object.assign(new PassThrough(), handle), [] as string[]];
    readLines(stream, (line) => lines.push(line));
    for (let n = 0; n < 200; n += 1) stream.write(`line ${n}\n`);
    await new Promise((resolve) => setImmediate(resolve));

    expect(lines).toHaveLength(200);
    stream.end();
  });

  it('are cut where they have no end', async () => {
    const [line, next] = await read([...Array.from({ length: 40 }, () => 'x'.repeat(65_536)), '\nafter\n']);

    expect(line).toHaveLength(2 ** 20);
    expect(next).toBe('after');
  });
});

describe('the output of a child', () => {
  const run = async (script: string): Promise<{ lines: string[]; reads: number; lateMs: number }> => {
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines: string[] = [];
    let [reads, lastMs, exitMs] = [0, NaN, NaN];
    child.stdout.on('data', () => (reads += 1));
    const reader = readLines(child.stdout, (line) => {
      lines.push(line);
      lastMs = performance.now();
    });
    child.on('exit', () => {
      exitMs = performance.now();
      reader.drain();
    });
    await new Promise((resolve) => child.on('close', resolve));
    return { lines, reads, lateMs: lastMs - exitMs };
  };

  it('is read in lots while it goes on, and whole at its end', async () => {
    const told = await run(`
      const { writeSync } = require('node:fs');
      for (let n = 0; n < 400; n += 1) {
        writeSync(1, 'file ' + n + '\\n');
        const until = performance.now() + 1;
        while (performance.now() < until);
      }`);

    expect(told.lines).toEqual(Array.from({ length: 400 }, (_, n) => `file ${n}`));
    // Each write would be one.
    expect(told.reads).toBeLessThan(100);
  });

  it('is not held up where it comes fast', async () => {
    const beginMs = performance.now();
    const told = await run(`
      const { writeSync } = require('node:fs');
      for (let n = 0; n < 50000; n += 1) writeSync(1, 'a short line ' + n + '\\n');`);

    expect(told.lines).toHaveLength(50_000);
    expect(told.lines.at(-1)).toBe('a short line 49999');
    expect(performance.now() - beginMs).toBeLessThan(5_000);
  });
});
