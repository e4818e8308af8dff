/**
 * The code of a system error (`ENOENT`, …), null for anything else. It asks for the members and not for `instanceof Error`:
 * an error that comes from another realm (a VM context) is one too.
 */
export function errnoOf(thrown: unknown): string | null {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown) || !('errno' in thrown)) return null;
  return typeof thrown.code === 'string' ? thrown.code : null;
}

/** The reason in the operating system's words, without the call and the path that follow it. */
export function messageOf(thrown: unknown): string {
  const text =
    typeof thrown === 'object' && thrown !== null && 'message' in thrown ? String(thrown.message) : String(thrown);
  return text.replace(/, \w+ ['<].*$/s, '');
}
