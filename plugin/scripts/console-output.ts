import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

export interface Written {
  /** Below assets/. */
  readonly path: string;
  readonly file: string;
}

export interface Served {
  readonly path: string;
  readonly type: string;
  readonly encodings: readonly string[];
  /** Of its smallest form. */
  readonly bytes: number;
}

const types: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json; charset=utf-8',
  png: 'image/png',
  svg: 'image/svg+xml',
  txt: 'text/plain; charset=utf-8',
  woff2: 'font/woff2',
};
/** Compressed already. */
const dense = new Set(['png', 'woff2']);
const brotli = promisify(brotliCompress);
const gz = promisify(gzip);
/** One step below the slowest: 3 % larger, five times as fast, and a first `npm start` waits for it. */
const brotliQuality = 9;

export function hashOf(content: string | Uint8Array): string {
  return createHash('sha256')
    .update(content)
    .digest('base64url')
    .replaceAll(/[^A-Za-z0-9]/g, '')
    .slice(0, 10);
}

function endingOf(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

async function compress({ path, file }: Written): Promise<Served> {
  const type = types[endingOf(path)];
  if (type === undefined) throw new Error(`no media type is known for ${path}`);
  const raw = readFileSync(file);
  if (dense.has(endingOf(path)) || raw.length < 512) return { path, type, encodings: [], bytes: raw.length };
  const [small, common] = await Promise.all([
    brotli(raw, {
      params: { [constants.BROTLI_PARAM_QUALITY]: brotliQuality, [constants.BROTLI_PARAM_SIZE_HINT]: raw.length },
    }),
    gz(raw, { level: 9 }),
  ]);
  writeFileSync(`${file}.br`, small);
  writeFileSync(`${file}.gz`, common);
  return { path, type, encodings: ['br', 'gzip'], bytes: small.length };
}

/** Writes `.br` and `.gz` beside each file that gains by it. */
export function compressAll(written: readonly Written[]): Promise<Served[]> {
  return Promise.all(written.map(compress));
}

export interface PageParts {
  readonly main: string;
  /** Modules that main asks for at once; named here so that they are fetched side by side. */
  readonly modules: readonly string[];
  readonly style: string | null;
  readonly app: string;
  readonly icons: string;
}

const firstStyle = `
html { color-scheme: dark light; }
body { margin: 0; background: #111217; color: #ccccdc; font: 14px/1.57 Inter, system-ui, sans-serif; }
#waiting { padding: 16px; }
@media (prefers-color-scheme: light) { body { background: #f4f5f5; color: #24292e; } }
`;

/** The page with places for the nonce and for what the server knows of the visitor. */
export function pageOf({ main, modules, style, app, icons }: PageParts): string {
  const preloads = modules.filter((path) => path !== main).map((path) => `<link rel="modulepreload" href="${path}">`);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Genesis DR</title>
<link rel="icon" href="data:,">
<style nonce="%NONCE%">${firstStyle}</style>
<script id="genesis-boot" type="application/json" nonce="%NONCE%">%BOOT%</script>
${style === null ? '' : `<link rel="stylesheet" href="${style}">`}
<script type="module" src="${main}"></script>
${preloads.join('\n')}
<link rel="preload" as="script" href="${app}">
<link rel="preload" as="fetch" href="${icons}" crossorigin>
</head>
<body>
<div id="root"><p id="waiting">Genesis DR is loading …</p></div>
<noscript><p>The console needs JavaScript. <a href="/status">The status page</a> does not.</p></noscript>
</body>
</html>
`;
}
