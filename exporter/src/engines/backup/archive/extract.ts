import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { OpError } from '../../../contract/errors.ts';
import { hasCode } from './durable.ts';
import { toFsPath, type FileEntry } from './entries.ts';
import { tarEnd, tarHeader, tarPadding } from './tar-write.ts';

/** What is written is copied into buffers of this size, which are used again: the decoded frames can go as soon as they were read. */
const batchBytes = 2 ** 18;
/** Bytes in the pipe's queue at most, before the writer waits. */
const queueBytes = 2 ** 21;
const stderrBytes = 4096;
const zeros = Buffer.alloc(512);

export interface ExtractOptions {
  /** Existing folder (binary string) below which all names are made. */
  readonly cwd: string;
  /** chown to the recorded uid and gid; only root can. */
  readonly owner: boolean;
  readonly signal: AbortSignal;
}

/**
 * One run of the system's `tar -x`, fed with headers made from checked list entries. GNU tar is taken because Node's own
 * utimes goes through a double and is only exact to about 240 ns; it is essential on Debian and sets the full nanoseconds.
 * Errors: `restore_failed`, `disk_full`, `cancelled`.
 */
export class TarExtract {
  readonly #child: ChildProcessByStdio<Writable, null, Readable>;
  readonly #signal: AbortSignal;
  readonly #ended: Promise<OpError | null>;
  readonly #abort = (): void => this.#kill();
  #failure: OpError | null = null;
  #stderr = '';
  #batch = Buffer.allocUnsafe(batchBytes);
  #filled = 0;
  readonly #spare: Buffer<ArrayBuffer>[] = [];
  #queued = 0;
  #wake: (() => void) | null = null;

  constructor(options: ExtractOptions) {
    this.#signal = options.signal;
    // A process group of its own, so that an abort ends all of it; nothing of this program's environment is handed on.
    this.#child = spawn('tar', tarArguments(options.owner), {
      cwd: toCwd(options.cwd),
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8' },
      detached: true,
      stdio: ['pipe', 'ignore', 'pipe'],
    });
    this.#ended = this.#watch();
    options.signal.addEventListener('abort', this.#abort, { once: true });
  }

  /** Header of one entry; content of a file follows by `content`, then `pad`. */
  async header(entry: FileEntry): Promise<void> {
    await this.#put(tarHeader(entry));
  }

  /** A slice of a file's content; may be reused once the promise has settled. */
  content(slice: Buffer): Promise<void> {
    return this.#put(slice);
  }

  async pad(size: number): Promise<void> {
    const padding = tarPadding(size);
    if (padding > 0) await this.#put(zeros.subarray(0, padding));
  }

  /** Ends the archive and waits for tar; only then everything is in place. */
  async finish(): Promise<void> {
    await this.#put(tarEnd);
    await this.#flush();
    this.#child.stdin.end();
    const failure = await this.#ended;
    if (failure !== null) throw failure;
  }

  /** Ends tar, whatever it is doing, and waits until it is gone. Safe to call at any time. */
  async dispose(): Promise<void> {
    this.#kill();
    await this.#ended;
  }

  async #put(bytes: Buffer): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      if (this.#filled === batchBytes) await this.#flush();
      const copied = bytes.copy(this.#batch, this.#filled, at);
      this.#filled += copied;
      at += copied;
    }
  }

  async #flush(): Promise<void> {
    if (this.#filled === 0) return;
    const full = this.#batch;
    const filled = this.#filled;
    this.#batch = this.#spare.pop() ?? Buffer.allocUnsafe(batchBytes);
    this.#filled = 0;
    await this.#send(full.subarray(0, filled), () => this.#spare.push(full));
  }

  async #send(bytes: Buffer, written: () => void): Promise<void> {
    this.#queued += bytes.length;
    this.#child.stdin.write(bytes, () => {
      this.#queued -= bytes.length;
      written();
      this.#wakeUp();
    });
    while (this.#queued > queueBytes && this.#failure === null) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    if (this.#signal.aborted) throw new OpError('cancelled', 'the restore was cancelled');
    if (this.#failure !== null) throw this.#failure;
  }

  #watch(): Promise<OpError | null> {
    const { stdin, stderr } = this.#child;
    stderr.setEncoding('utf8');
    stderr.on('data', (text: string) => (this.#stderr = (this.#stderr + text).slice(-stderrBytes)));
    // EPIPE says only that tar has ended; why, its exit status and stderr tell.
    stdin.on('error', () => this.#wakeUp());
    return new Promise((resolve) => {
      const end = (failure: OpError | null): void => {
        this.#signal.removeEventListener('abort', this.#abort);
        this.#failure ??= failure;
        this.#wakeUp();
        resolve(this.#failure);
      };
      this.#child.on('error', (cause) =>
        end(new OpError('restore_failed', `cannot run GNU tar: ${cause.message}`, { cause })),
      );
      this.#child.on('close', (code, signalName) => end(code === 0 ? null : this.#tarFailure(code, signalName)));
    });
  }

  #tarFailure(code: number | null, signalName: string | null): OpError {
    if (this.#signal.aborted) return new OpError('cancelled', 'the restore was cancelled');
    const said = this.#stderr.trim();
    if (/No space left on device|Disk quota exceeded/.test(said)) return new OpError('disk_full', `tar: ${said}`);
    return new OpError('restore_failed', `tar ended with ${code ?? signalName ?? 'no status'}: ${said}`);
  }

  #wakeUp(): void {
    const wake = this.#wake;
    this.#wake = null;
    wake?.();
  }

  #kill(): void {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch (error) {
      // Gone between the check and the call: that is what was wanted.
      if (!hasCode(error, 'ESRCH')) throw error;
    }
  }
}

function tarArguments(owner: boolean): string[] {
  return [
    '--extract',
    '--file=-',
    '--preserve-permissions',
    '--numeric-owner',
    owner ? '--same-owner' : '--no-same-owner',
    // Folders get their times and modes last, so that read-only ones can be filled and no later entry touches them.
    '--delay-directory-restore',
    // The staging folder is new: whatever is in the way was put there by somebody else.
    '--keep-old-files',
    '--warning=no-timestamp',
    '--blocking-factor=512',
  ];
}

function toCwd(path: string): string {
  const fsPath = toFsPath(path);
  // spawn takes text only; a folder whose name is not UTF-8 cannot be told to it.
  if (typeof fsPath === 'string') return fsPath;
  const text = fsPath.toString('utf8');
  if (!Buffer.from(text, 'utf8').equals(fsPath))
    throw new OpError('restore_failed', `${text}: the path of a target must be UTF-8`);
  return text;
}
