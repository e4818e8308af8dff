/** Numbers of decisions in words. */

/** Three significant digits, whole numbers from 1,000 on: `0.83`, `12.5`, `1250`. */
export function inDigits(value: number, digits = 3): string {
  // Thresholds are short already, and are said in every evaluation.
  if (value > 0 && value < 10 && Math.round(value * 100) / 100 === value) return String(value);
  return Math.abs(value) >= 1000 && digits === 3
    ? String(Math.round(value))
    : String(Number(value.toPrecision(digits)));
}

/** As many digits as it takes to tell the value from the bound that it is compared with. */
export function besideBound(value: number, bound: number): string {
  for (let digits = 3; digits < 9; digits += 1)
    if (value === bound || inDigits(value, digits) !== inDigits(bound, digits)) return inDigits(value, digits);
  return String(value);
}

export function instancesInWords(count: number): string {
  return count === 1 ? '1 instance' : `${count} instances`;
}

/** `a, b and c`. */
export function listed(names: readonly string[]): string {
  const last = names.at(-1);
  if (last === undefined) return 'nothing';
  return names.length === 1 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
}
