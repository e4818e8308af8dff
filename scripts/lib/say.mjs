/** An expected failure: one clear sentence, no stack. */
export class BootstrapError extends Error {
  constructor(message, exitCode = 1) {
    super(message);
    this.name = 'BootstrapError';
    this.exitCode = exitCode;
  }
}

/** One line a phase, on stderr: stdout belongs to the task. */
export function say(text) {
  process.stderr.write(`genesis: ${text}\n`);
}

/** `12 s`, measured from a `performance.now()` reading. */
export function since(started) {
  return `${((performance.now() - started) / 1000).toFixed(1)} s`;
}
