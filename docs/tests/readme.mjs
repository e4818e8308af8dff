// Does what the README says, command by command, in a fresh folder, and compares what it promises.
//
//   node docs/tests/readme.mjs [--clone] [--keep] [--verbose] [FILE.md …]
//
// Without options the checkout as it stands is copied, and its installed packages are used. --clone takes `git clone` of the last
// commit and installs everything, as a newcomer does (needs the network). --keep leaves the folder, --verbose prints all output.
// Runs on Node 18 and later with nothing installed. Exit code 0: every promise was kept.
//
// How blocks are read:
//   ```sh                          one shell runs all of them in order; every command must succeed
//   ```sh within=60                repeated until the promise below is kept, for at most so many seconds
//   ```sh background wait="TEXT"   a program of its own; ready when it has printed TEXT; ended with Ctrl-C at the end
//   ```text                        what the block above prints, whole; `…` stands for anything in a line, alone for any lines
import { spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const blockTimeoutMs = 180_000;
const startTimeoutMs = 300_000; // the issue's bound for a first start with nothing cached
const stopTimeoutMs = 15_000;
/** Addresses that the text names; each is replaced by a free port, so that a test disturbs nobody. */
const namedAddresses = ['127.0.0.1:9847', '127.0.0.1:9090'];

/** Blocks of a Markdown text: {kind, options, code, line, expected}. Fences of other languages are only shown, not run. */
export function parseBlocks(markdown) {
  const blocks = [];
  const fence = /^```(\w*)[ \t]*(.*)\n([\s\S]*?)^```[ \t]*$/gm;
  for (const [whole, language, info, code] of markdown.matchAll(fence)) {
    const line = markdown.slice(0, markdown.indexOf(whole)).split('\n').length;
    const last = blocks.at(-1);
    if (language === 'sh') blocks.push({ options: parseInfo(info, line), code, line, expected: null });
    else if (language === 'text' && last !== undefined && last.expected === null) last.expected = code;
    else if (language === 'text') throw new Error(`line ${line}: a text block that follows no command`);
  }
  return blocks;
}

function parseInfo(info, line) {
  const options = { background: false, wait: null, withinMs: 0 };
  for (const [word, name, quoted, plain] of info.matchAll(/(\w+)(?:=(?:"([^"]*)"|(\S+)))?/g)) {
    if (name === 'background') options.background = true;
    else if (name === 'wait') options.wait = quoted;
    else if (name === 'within') options.withinMs = Number(plain) * 1000;
    else throw new Error(`line ${line}: unknown word "${word}" after the fence`);
  }
  if (options.background !== (options.wait !== null))
    throw new Error(`line ${line}: background and wait="…" go together`);
  return options;
}

/** The promise as a pattern over the whole output. Widths of columns vary with their content, so runs of blanks count as one. */
export function patternOf(expected) {
  const lines = trimmed(expected).map((line) => {
    if (line.trim() === '…') return '(?:.*\\n)*?';
    const parts = line.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/[ ]+/g, ' +'));
    return `${parts.join('.*?')}[ ]*\\n`;
  });
  return new RegExp(`^${lines.join('')}$`);
}

export function keepsPromise(expected, output) {
  return expected === null || patternOf(expected).test(`${trimmed(output).join('\n')}\n`);
}

/** Lines without trailing blanks and without empty lines around; the bootstrap's remark on the Node in use is no part of a promise. */
function trimmed(text) {
  const lines = text.split('\n').map((line) => line.trimEnd());
  const kept = lines.filter(
    (line) => !/^genesis: (this is Node|fetched Node|first run here|installed the dependencies)/.test(line),
  );
  return kept
    .join('\n')
    .replace(/^\n+|\n+$/g, '')
    .split('\n');
}

function makeCheckout(work, clone) {
  const target = join(work, 'genesis-dr');
  if (clone) {
    const cloned = spawnSync('git', ['clone', '--quiet', root, target], { encoding: 'utf8' });
    if (cloned.status !== 0) throw new Error(`git clone failed: ${cloned.stderr}`);
    return target;
  }
  const left = new Set(['node_modules', '.git', '.genesis', '.cache', 'dist', 'coverage']);
  cpSync(root, target, { recursive: true, filter: (path) => path === root || !left.has(basename(path)) });
  linkPackages(target);
  return target;
}

/** The packages are linked one by one, our own workspaces to the copy: nothing of it must come from the checkout it was made of. */
function linkPackages(target) {
  const own = '@genesis-dr';
  const [from, to] = [join(root, 'node_modules'), join(target, 'node_modules')];
  mkdirSync(join(to, own), { recursive: true });
  for (const name of readdirSync(from)) if (name !== own) symlinkSync(join(from, name), join(to, name));
  for (const name of readdirSync(join(from, own))) symlinkSync(join('..', '..', name), join(to, own, name));
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** A shell that takes block after block, as a terminal does: variables, functions and the folder stay. */
function openShell(cwd, env) {
  const shell = spawn('bash', ['--noprofile', '--norc'], { cwd, env, stdio: ['pipe', 'pipe', 'pipe'], detached: true });
  const marker = `end-of-block-${process.pid}`;
  let output = '';
  let wake = () => undefined;
  shell.stdout.setEncoding('utf8');
  shell.stdout.on('data', (text) => {
    output += text;
    wake();
  });
  shell.once('exit', () => wake());
  shell.stdin.write('exec 2>&1\nset -E\n');
  return {
    pid: shell.pid,
    async run(code) {
      output = '';
      // The trap sees each command that fails, not only the last one of the block.
      const quoted = `'${code.replace(/'/g, `'\\''`)}'`;
      shell.stdin.write(
        `failed=0; trap 'failed=$?' ERR; eval ${quoted}; trap - ERR; printf '%s %s\\n' '${marker}' "$failed"\n`,
      );
      const deadline = performance.now() + blockTimeoutMs;
      const ended = new RegExp(`${marker} (\\d+)\\n$`);
      while (!ended.test(output)) {
        if (shell.exitCode !== null || shell.signalCode !== null) return { output, code: shell.exitCode ?? 1 };
        if (performance.now() > deadline)
          return { output: `${output}\n(not ended after ${blockTimeoutMs / 1000} s)`, code: 124 };
        await Promise.race([new Promise((resolve) => (wake = resolve)), sleep(1000)]);
      }
      const [, code_] = ended.exec(output);
      return { output: output.replace(ended, ''), code: Number(code_) };
    },
    close: () => endGroup(shell, 'SIGTERM'),
  };
}

/** Starts a program in its own process group and waits until it has printed the text. */
async function startProgram(code, wait, cwd, env) {
  const child = spawn('bash', ['--noprofile', '--norc', '-c', code], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const deadline = performance.now() + startTimeoutMs;
  while (!output.includes(wait) && child.exitCode === null && performance.now() < deadline) await sleep(100);
  await sleep(500); // the rest of what it prints at its start
  return { child, ready: output.includes(wait), output: () => output };
}

/**
 * Ends what was started here, with all it started: the group is its own. Resolves with the exit code. The first signal goes to
 * the programs at the end of the chain (npm, bootstrap, server): in a terminal Ctrl-C reaches each process once, but without one
 * npm and the bootstrap pass it on, and a server that is told twice rightly gives up waiting.
 */
async function endGroup(child, signal) {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const ended = new Promise((resolve) => child.once('exit', (code) => resolve(code)));
  for (const pid of lastOfChain(child.pid)) kill(pid, signal);
  const code = await Promise.race([ended, sleep(stopTimeoutMs).then(() => 'late')]);
  if (code !== 'late') return code;
  kill(-child.pid, 'SIGKILL');
  return 'late';
}

/** Processes of the group that have no child in it. */
function lastOfChain(group) {
  const listed = spawnSync('ps', ['-eo', 'pid=,ppid=,pgid='], { encoding: 'utf8' }).stdout ?? '';
  const members = listed
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([, , pgid]) => pgid === group);
  const parents = new Set(members.map(([, ppid]) => ppid));
  const last = members.map(([pid]) => pid).filter((pid) => !parents.has(pid));
  return last.length === 0 ? [-group] : last;
}

function kill(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch (thrown) {
    if (thrown.code !== 'ESRCH') throw thrown; // ended in the meantime
  }
}

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function indent(text) {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
}

async function runFile(file, options) {
  const work = mkdtempSync(join(tmpdir(), 'genesis-readme-'));
  const cwd = makeCheckout(work, options.clone);
  const ports = new Map();
  for (const address of namedAddresses) ports.set(address, `127.0.0.1:${await freePort()}`);
  const replace = (text) => [...ports].reduce((all, [named, free]) => all.replaceAll(named, free), text);
  mkdirSync(join(work, 'tmp'));
  const env = { ...process.env, TMPDIR: join(work, 'tmp'), GENESIS_LISTEN: ports.get('127.0.0.1:9847'), NO_COLOR: '1' };
  for (const name of ['GENESIS_HOME', 'GENESIS_CONFIG', 'GENESIS_URL', 'GENESIS_TOKEN', 'NODE_OPTIONS', 'BASH_ENV'])
    delete env[name];
  // The npm that runs the tests tells its children where they are; a newcomer's shell says nothing of the kind.
  for (const name of Object.keys(env)) if (/^(npm_|INIT_CWD$)/i.test(name)) delete env[name];
  const shell = openShell(cwd, env);
  const programs = [];
  const stop = async () => {
    const ends = [];
    for (const program of programs.splice(0).reverse())
      ends.push({ ...program, code: await endGroup(program.child, 'SIGINT') });
    await shell.close();
    if (!options.keep) rmSync(work, { recursive: true, force: true });
    return ends;
  };
  const interrupted = () => void stop().then(() => process.exit(130));
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  let faults;
  try {
    faults = await runBlocks(parseBlocks(replace(readFileSync(join(cwd, file), 'utf8'))), {
      file,
      shell,
      programs,
      cwd,
      env,
      replace,
      options,
    });
  } finally {
    const ends = await stop();
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    for (const end of ends) {
      // A program that Ctrl-C ends by the signal itself (code null) has ended as well as one that takes it and returns 0.
      if (end.code === 'late' || (end.code !== 0 && end.code !== null))
        (faults ??= []).push(
          `${end.name}: did not end well after Ctrl-C (${end.code})\n${indent(end.output().slice(-2000))}`,
        );
    }
  }
  if (options.keep) process.stdout.write(`kept: ${work}\n`);
  return faults;
}

async function runBlocks(blocks, run) {
  const faults = [];
  for (const block of blocks) {
    const name = `${run.file}:${block.line}`;
    const started = performance.now();
    const ran = block.options.background ? await runProgram(block, name, run) : await runInShell(block, run);
    const fault =
      ran.failed ??
      (keepsPromise(block.expected, ran.output)
        ? null
        : `printed something else than\n${indent(block.expected)}\n  but`);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    process.stdout.write(
      `${fault === null ? 'ok  ' : 'FAIL'} ${name} (${seconds} s) ${block.code.trim().split('\n')[0]}\n`,
    );
    if (run.options.verbose && fault === null) process.stdout.write(`${indent(ran.output)}\n`);
    if (fault !== null) faults.push(`${name}: ${fault}\n${indent(ran.output)}\n  ran:\n${indent(block.code)}`);
    // What follows builds on it: the first broken promise is the one to mend.
    if (fault !== null) break;
  }
  return faults;
}

async function runProgram(block, name, run) {
  const program = await startProgram(block.code, block.options.wait, run.cwd, run.env);
  run.programs.push({ ...program, name });
  // The first start writes the configuration with the address of the documentation; what is generated from it must name ours.
  const configuration = join(run.cwd, '.genesis', 'genesis.yaml');
  if (existsSync(configuration)) writeFileSync(configuration, run.replace(readFileSync(configuration, 'utf8')));
  return { output: program.output(), failed: program.ready ? null : `never printed "${block.options.wait}"` };
}

async function runInShell(block, run) {
  const deadline = performance.now() + block.options.withinMs;
  for (;;) {
    const { output, code } = await run.shell.run(block.code);
    const good = code === 0 && keepsPromise(block.expected, output);
    if (good || performance.now() > deadline) return { output, failed: code === 0 ? null : `exit code ${code}` };
    await sleep(1000);
  }
}

async function main(args) {
  const options = {
    clone: args.includes('--clone'),
    keep: args.includes('--keep'),
    verbose: args.includes('--verbose'),
  };
  const files = args.filter((arg) => !arg.startsWith('--'));
  let faults = [];
  for (const file of files.length === 0 ? ['README.md'] : files)
    faults = [...faults, ...(await runFile(file, options))];
  for (const fault of faults) process.stderr.write(`\n${fault}\n`);
  process.stdout.write(faults.length === 0 ? 'every promise was kept\n' : `${faults.length} broken\n`);
  return faults.length === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
