/**
 * Says why a raw request-target is refused, or null when it is plain. Checked before anything parses the target, because
 * proxies and URL parsers disagree on dot segments, doubled and encoded separators: what a proxy took for a read could
 * arrive as another route. No path of this server needs a percent sign, so none is accepted; the query is data, not a
 * route, and may hold encoded separators (`prefix=a%2Fb`).
 */
export function targetFault(raw: string): string | null {
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u0020\u007f-\uffff]/.test(raw)) return 'it holds control characters, blanks or characters beyond ASCII';
  if (!raw.startsWith('/')) return 'it does not start with a slash';
  if (raw.includes('\\')) return 'it holds a backslash';
  if (raw.includes('#')) return 'it holds a fragment';
  const question = raw.indexOf('?');
  const path = question === -1 ? raw : raw.slice(0, question);
  if (path.includes('//')) return 'it holds a double slash';
  if (path.includes('..')) return 'it holds two dots in a row';
  if (path.split('/').includes('.')) return 'it holds a dot segment';
  if (path.includes('%')) return 'its path holds an encoded character';
  return raw.length > 8192 ? 'it is longer than 8192 characters' : null;
}
