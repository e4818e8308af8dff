import { stringify } from 'yaml';

/** `path` is relative to the output folder; for the committed files that is the root of the repository. */
export interface File {
  readonly path: string;
  readonly content: string;
}

export const head = '# Generated from genesis.yaml by `genesis generate`: do not edit.\n';

/** A YAML file with the head of generated ones; `remarks` are comments below it, a line each. */
export function yamlFile(path: string, document: unknown, remarks: readonly string[] = []): File {
  const comments = remarks.map((line) => (line === '' ? '#\n' : `# ${line}\n`)).join('');
  return { path, content: head + comments + stringify(document, { lineWidth: 0, aliasDuplicateObjects: false }) };
}

/** Everything below one folder, with the folder taken off the path. */
export function filesBelow(files: readonly File[], folder: string): File[] {
  return files
    .filter((file) => file.path.startsWith(`${folder}/`))
    .map((file) => ({ ...file, path: file.path.slice(folder.length + 1) }));
}

/** JSON without its white space: what is carried inside of another object should be small. */
export function compactJson(text: string): string {
  return `${JSON.stringify(JSON.parse(text))}\n`;
}
