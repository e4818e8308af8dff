type Entries = Readonly<Record<string, Uint8Array>>;

interface Manifest {
  readonly type?: unknown;
  readonly id?: unknown;
  readonly name?: unknown;
  readonly info?: {
    readonly description?: unknown;
    readonly keywords?: unknown;
    readonly version?: unknown;
    readonly updated?: unknown;
    readonly logos?: { readonly small?: unknown; readonly large?: unknown };
    readonly screenshots?: readonly { readonly path?: unknown }[];
    readonly links?: readonly { readonly url?: unknown }[];
  };
  readonly includes?: readonly { readonly type?: unknown; readonly path?: unknown; readonly action?: unknown }[];
  readonly roles?: readonly {
    readonly role?: { readonly permissions?: readonly { readonly action?: unknown }[] };
  }[];
  readonly routes?: readonly { readonly path?: unknown; readonly method?: unknown; readonly url?: unknown }[];
  readonly dependencies?: { readonly grafanaDependency?: unknown };
  readonly backend?: unknown;
  readonly executable?: unknown;
}

const idPattern = /^[0-9a-z]+-([0-9a-z]+-)?(app|panel|datasource)$/;
const licences = /Apache License|MIT License|BSD [23]-Clause|GNU (AFFERO |LESSER )?GENERAL PUBLIC LICENSE/i;
const text = (content: Uint8Array | undefined): string => new TextDecoder().decode(content);

/** What Grafana's own check of archives would find, one sentence each; empty when nothing. */
export function faultsOf(entries: Entries, packageVersion: string): string[] {
  const folders = [...new Set(Object.keys(entries).map((path) => path.split('/', 1)[0] ?? ''))];
  const [folder = ''] = folders;
  if (folders.length !== 1)
    return [`the archive holds ${folders.length} folders instead of one: ${folders.join(', ')}`];
  const file = (path: string): Uint8Array | undefined => entries[`${folder}/${path}`];
  let manifest: Manifest;
  try {
    manifest = JSON.parse(text(file('plugin.json'))) as Manifest;
  } catch {
    return ['plugin.json is missing or no JSON'];
  }
  return [
    ...faultsOfManifest(manifest, folder, packageVersion),
    ...faultsOfFiles(manifest, file),
    ...faultsOfScripts(entries),
    ...faultsOfPictures(entries),
  ];
}

function* faultsOfManifest(manifest: Manifest, folder: string, packageVersion: string): Generator<string> {
  const { id, info = {} } = manifest;
  if (typeof id !== 'string' || !idPattern.test(id)) yield `the id ${String(id)} does not follow Grafana's pattern`;
  if (id !== folder) yield `the folder ${folder} is not named by the id ${String(id)}`;
  if (manifest.type !== 'app') yield 'its type is not app';
  if (typeof manifest.name !== 'string' || manifest.name === '') yield 'it has no name';
  if (info.version !== packageVersion)
    yield `info.version ${String(info.version)} is not that of package.json, ${packageVersion}`;
  if (!/^\d{4}-\d\d-\d\d$/.test(String(info.updated))) yield `info.updated ${String(info.updated)} is no date`;
  if (typeof info.description !== 'string' || info.description.length < 10) yield 'info.description says nothing';
  if (!Array.isArray(info.keywords) || info.keywords.length === 0) yield 'info.keywords are missing';
  if (manifest.backend !== undefined || manifest.executable !== undefined) yield 'it names a backend, and it has none';
  if (typeof manifest.dependencies?.grafanaDependency !== 'string') yield 'dependencies.grafanaDependency is missing';
  for (const { url } of info.links ?? [])
    if (!/^https:\/\//.test(String(url))) yield `the link ${String(url)} is not https`;
  if (JSON.stringify(manifest).includes('%')) yield 'a placeholder such as %VERSION% was not filled in';
  yield* faultsOfAccess(manifest, String(id));
}

function* faultsOfAccess({ includes, roles, routes }: Manifest, id: string): Generator<string> {
  const own = (action: unknown): boolean => String(action).startsWith(`${id}:`) || String(action).startsWith(`${id}.`);
  const granted = (roles ?? []).flatMap(({ role }) => (role?.permissions ?? []).map(({ action }) => action));
  for (const action of granted)
    if (!own(action)) yield `the role permission ${String(action)} does not belong to the app`;
  for (const { type, path, action } of includes ?? []) {
    if (type === 'page' && !String(path).startsWith(`/a/${id}/`) && !String(path).startsWith(`/plugins/${id}`))
      yield `the page ${String(path)} stands outside the app`;
    if (action !== undefined && !granted.includes(action))
      yield `no role grants ${String(action)}, which a page asks for`;
  }
  for (const { path, method, url } of routes ?? []) {
    if (!String(path).endsWith('/*')) yield `the route ${String(path)} would match itself only`;
    if (!/^[A-Z]+$/.test(String(method))) yield `the route ${String(path)} names no single method`;
    if (typeof url !== 'string' || url === '') yield `the route ${String(path)} leads nowhere`;
  }
}

function* faultsOfFiles(
  { info, includes }: Manifest,
  file: (path: string) => Uint8Array | undefined,
): Generator<string> {
  for (const path of ['module.js', 'module.js.map', 'README.md', 'CHANGELOG.md', 'LICENSE'])
    if (file(path) === undefined) yield `${path} is missing`;
  const readme = text(file('README.md'));
  if (readme.length < 500 || /Getting started|create-plugin/.test(readme)) yield 'README.md is that of the template';
  if (!licences.test(text(file('LICENSE')))) yield 'LICENSE is none that Grafana accepts';
  const pictures = [info?.logos?.small, info?.logos?.large, ...(info?.screenshots ?? []).map(({ path }) => path)];
  for (const path of pictures) if (file(String(path)) === undefined) yield `the picture ${String(path)} is missing`;
  for (const { type, path } of includes ?? [])
    if (type === 'dashboard' && file(String(path)) === undefined) yield `the dashboard ${String(path)} is missing`;
}

function* faultsOfScripts(entries: Entries): Generator<string> {
  for (const [path, content] of Object.entries(entries)) {
    if (!path.endsWith('.js')) continue;
    const script = text(content);
    // A bundled JSX runtime of React 18 breaks in hosts with React 19.
    if (script.includes('__SECRET_INTERNALS')) yield `${path} holds a part of React: it must come from Grafana`;
    if (/google-analytics|googletagmanager|segment\.com|mixpanel|fullstory/.test(script))
      yield `${path} holds a tracker`;
    if (path.endsWith('/module.js') && !/^(\/\*.*?\*\/\s*)?define\(/s.test(script)) yield `${path} is no AMD module`;
  }
}

function* faultsOfPictures(entries: Entries): Generator<string> {
  for (const [path, content] of Object.entries(entries)) {
    if (path.endsWith('.svg') && /<script|<foreignObject|\son\w+=|javascript:/i.test(text(content)))
      yield `${path} holds what could run`;
  }
}
