/** `16/B374D848` as a number of bytes; null for what is no LSN. */
export function lsnBytes(lsn: string): bigint | null {
  const parts = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(lsn);
  if (parts === null) return null;
  return (BigInt(`0x${parts[1]}`) << 32n) + BigInt(`0x${parts[2]}`);
}

/** Bytes of WAL from one position to another, never below zero; null when one is not known. */
export function bytesBetween(from: string | null, to: string | null): number | null {
  const [start, end] = [from === null ? null : lsnBytes(from), to === null ? null : lsnBytes(to)];
  if (start === null || end === null) return null;
  return end > start ? Number(end - start) : 0;
}
