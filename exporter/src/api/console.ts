import type { Request, Response, Router } from 'express';
import { appId, type ConsoleBoot } from '../contract/console.ts';
import { OpError } from '../contract/errors.ts';
import type { Identity } from './auth.ts';
import type { ConsoleFiles } from './console-files.ts';
import { labelRoute, pathOf, type ServerContext } from './context.ts';
import { admit } from './gate.ts';
import { html, layout } from './html.ts';
import { systemRoutes } from './system-routes.ts';

const assetsPath = '/console/assets/';
/** A hash in every name: what was fetched once stays right forever. */
const immutable = 'public, max-age=31536000, immutable';

/**
 * No inline script, no eval, nothing from elsewhere. Styles are made by a library while the page runs; they carry the nonce, which
 * only our own script hands out. Scripts and HTML go through the policy `default` of the page, which lets in our own files only.
 */
export function consolePolicy(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types default',
  ].join('; ');
}

/** JSON that cannot end the element it stands in. */
function jsonForHtml(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll('<', '\\u003c')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
}

/** Puts the values into their places; functions, because `$&` in a value must not mean anything. */
export function fillPage(page: string, nonce: string, boot: ConsoleBoot): string {
  return page.replaceAll('%NONCE%', () => nonce).replaceAll('%BOOT%', () => jsonForHtml(boot));
}

function notBuiltPage(): string {
  return layout({
    title: 'Console not built - Genesis DR',
    head: html`<meta http-equiv="refresh" content="3" />`,
    body: html`<header class="top"><h1>Genesis DR</h1></header>
      <main>
        <section class="card">
          <h2>The console is not built yet</h2>
          <p>After a first <code>npm start</code> it is being built: this page looks again every three seconds.</p>
          <p>Otherwise build it in the checkout, while the exporter runs:</p>
          <pre>npm run build</pre>
          <p><a href="/status">The status page</a> works without it.</p>
        </section>
      </main>`,
  });
}

/**
 * For somebody who follows a link in an alert: the session's cookie is never sent when another site leads here, so the browser comes
 * once more, from us. Then it says `same-origin`, and who still has no session goes to the login.
 */
function onceMorePage(url: string): string {
  return layout({
    title: 'Genesis DR',
    head: html`<meta http-equiv="refresh" content="0; url=${url}" />`,
    body: html`<main>
      <p><a href="${url}">Go on to the console</a></p>
    </main>`,
  });
}

function bootOf(context: ServerContext, identity: Identity): ConsoleBoot {
  const { role } = identity;
  if (role === 'metrics') throw new OpError('forbidden', 'a token of the role metrics reads /metrics only');
  return {
    version: context.app.version,
    cluster: context.app.config().cluster,
    user: { name: identity.name, role, canLogOut: identity.via === 'session' },
  };
}

async function sendPage(context: ServerContext, files: ConsoleFiles, request: Request, response: Response) {
  labelRoute(response, systemRoutes.console.path);
  const admitted = await admit(context, request, response, { action: null, roles: systemRoutes.console.roles });
  if (!admitted.ok) {
    if (admitted.error.code !== 'unauthenticated' || request.headers.authorization !== undefined) throw admitted.error;
    const path = pathOf(request);
    if (request.headers['sec-fetch-site'] === 'cross-site') {
      response.type('html').send(onceMorePage(request.originalUrl));
      return;
    }
    // With its query: what a link of an alert is about stands there.
    const to = encodeURIComponent(request.originalUrl);
    response.redirect(303, path === systemRoutes.console.path ? '/login' : `/login?to=${to}`);
    return;
  }
  const page = await files.page();
  if (page === null) {
    response.status(503).type('html').send(notBuiltPage());
    return;
  }
  const nonce = context.app.random.bytes(16).toString('base64url');
  response.setHeader('Content-Security-Policy', consolePolicy(nonce));
  response.type('html').send(fillPage(page, nonce, bootOf(context, admitted.value)));
}

/** Files without a login: they are the program, the same for everybody. */
async function sendAsset(files: ConsoleFiles, request: Request, response: Response): Promise<void> {
  labelRoute(response, assetsPath);
  const path = pathOf(request).slice(assetsPath.length);
  const asset = await files.asset(path, String(request.headers['accept-encoding'] ?? ''));
  if (asset === null) throw new OpError('not_found', 'the console has no such file');
  response.setHeader('Content-Type', asset.type);
  response.setHeader('Cache-Control', immutable);
  response.setHeader('Vary', 'Accept-Encoding');
  if (asset.encoding !== null) response.setHeader('Content-Encoding', asset.encoding);
  response.end(request.method === 'HEAD' ? undefined : asset.body);
}

/** Before the request limit: one visit takes dozens of files, and they cost no more than a probe. */
export function addConsoleAssets(router: Router, files: ConsoleFiles): void {
  router.get(`${assetsPath}*path`, (request, response) => sendAsset(files, request, response));
}

/** The page at /console and at the app's own addresses, so that links into Grafana work here with another host name. */
export function addConsolePages(router: Router, context: ServerContext, files: ConsoleFiles): void {
  for (const path of [systemRoutes.console.path, `/a/${appId}`, `/a/${appId}/*path`, `/plugins/${appId}`])
    router.get(path, (request, response) => sendPage(context, files, request, response));
}
