/** `pgBackRest 2.45` gives `2.45`; null for anything else. */
export function parseVersion(text: string): string | null {
  return /^pgBackRest (\d+\.\d+(?:\.\d+)?)/m.exec(text)?.[1] ?? null;
}

/** Whether `version` is at least `wanted`; both like `2.45`. */
export function isAtLeast(version: string, wanted: string): boolean {
  const [a, b] = [version, wanted].map((text) => text.split('.').map(Number));
  for (let i = 0; i < 2; i++) {
    const difference = (a?.[i] ?? 0) - (b?.[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** Block-level increments came with 2.46; before it a changed file is stored whole again. */
export function hasBlockIncremental(version: string): boolean {
  return isAtLeast(version, '2.46');
}

/** `verify --set` came with 2.55; before it the whole repository is read. */
export function canVerifySet(version: string): boolean {
  return isAtLeast(version, '2.55');
}
