/** The way through the folders of a backup. A folder is named by its prefix: '' for the top, else with a slash at the end. */

export interface Crumb {
  readonly name: string;
  readonly prefix: string;
}

/** The way from the top to a folder, the top first. */
export function crumbsOf(prefix: string, topName: string): readonly Crumb[] {
  const crumbs: Crumb[] = [{ name: topName, prefix: '' }];
  let at = 0;
  while (at < prefix.length) {
    const next = prefix.indexOf('/', prefix[at] === '/' ? at + 1 : at);
    const end = next === -1 ? prefix.length : next + 1;
    crumbs.push({ name: prefix.slice(at, end).replace(/\/$/, ''), prefix: prefix.slice(0, end) });
    at = end;
  }
  return crumbs;
}

/** A path as it is shown inside a folder; the whole path where it lies elsewhere (search results). */
export function nameIn(prefix: string, path: string): string {
  return path.startsWith(prefix) && path.length > prefix.length ? path.slice(prefix.length).replace(/\/$/, '') : path;
}

/** Permission bits as `ls` writes them, e.g. rw-r--r--. */
export function modeText(mode: number): string {
  const letters = ['r', 'w', 'x'];
  return Array.from({ length: 9 }, (_, index) =>
    (mode & (1 << (8 - index))) === 0 ? '-' : (letters[index % 3] as string),
  ).join('');
}
