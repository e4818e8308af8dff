/** What the log of a throwaway server says. Its prefix and language are set by us, so its lines can be read. Pure. */

export interface RecoveryLog {
  /** Where replay began and ended; null: there was none. */
  readonly redoFrom: string | null;
  readonly redoTo: string | null;
  /** As the server says it, e.g. `recovery stopping before commit of transaction 752, time …`; null: it went to the end of WAL. */
  readonly stopped: string | null;
  /** Time of the last transaction in the replayed WAL, as the server writes it in UTC. */
  readonly lastTransactionAt: string | null;
  /** Timeline after promotion; null: not promoted. */
  readonly timeline: number | null;
  /** Segments that were fetched from the archive. */
  readonly segmentsRestored: number;
  /** First line that tells why the server ended; null: none does. */
  readonly fatal: string | null;
}

/** Words of clients that came too early or of a stop that we asked for. */
const harmless =
  /the database system is |terminating (connection|background|walreceiver)|could not send data to client/;

export function readRecoveryLog(text: string): RecoveryLog {
  const last = (pattern: RegExp): string | null => [...text.matchAll(pattern)].at(-1)?.[1] ?? null;
  const timeline = last(/LOG: {2}selected new timeline ID: (\d+)/g);
  const done = last(/LOG: {2}redo done at ([0-9A-F]+\/[0-9A-F]+)/g);
  const fatals = [...text.matchAll(/^.*? (?:FATAL|PANIC): {2}(.*)$/gm)].map((m) => m[1] ?? '');
  return {
    redoFrom: last(/LOG: {2}redo starts at ([0-9A-F]+\/[0-9A-F]+)/g),
    redoTo: done,
    stopped: last(/LOG: {2}(recovery stopping .*)/g),
    lastTransactionAt: last(/LOG: {2}last completed transaction was at log time (\S+ \S+)/g),
    timeline: timeline === null ? null : Number(timeline),
    segmentsRestored: [...text.matchAll(/LOG: {2}restored log file "[0-9A-F]{24}" from archive/g)].length,
    fatal: fatals.find((line) => !harmless.test(line)) ?? null,
  };
}

/** `2/3000028` → bytes since the beginning of WAL. */
export function lsnBytes(lsn: string): bigint {
  const [high = '0', low = '0'] = lsn.split('/');
  return BigInt(`0x${high}`) * 2n ** 32n + BigInt(`0x${low}`);
}

/** Lines that tell something, the last ones, without what repeats. */
export function logTail(text: string, lines: number): readonly string[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-lines)
    .map((line) => line.slice(0, 500));
}
