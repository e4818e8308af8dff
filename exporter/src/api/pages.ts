import type { Request, Response, Router } from 'express';
import type { ServerContext } from './context.ts';
import { labelRoute } from './context.ts';
import { assets } from './assets.ts';
import { addConsolePages } from './console.ts';
import type { ConsoleFiles } from './console-files.ts';
import { docsPage } from './docs-page.ts';
import { admit } from './gate.ts';
import { loginPage } from './login-page.ts';
import { overallHealth } from './overall-health.ts';
import { statusPage } from './status-page.ts';
import { systemRoutes } from './system-routes.ts';

const maxShownOperations = 20;

async function status(
  context: ServerContext,
  files: ConsoleFiles,
  request: Request,
  response: Response,
): Promise<void> {
  labelRoute(response, systemRoutes.statusPage.path);
  const passive = request.originalUrl === `${systemRoutes.statusPage.path}?auto=1`;
  const admitted = await admit(context, request, response, {
    action: null,
    roles: systemRoutes.statusPage.roles,
    passive,
  });
  if (!admitted.ok) {
    if (admitted.error.code !== 'unauthenticated' || request.headers.authorization !== undefined) throw admitted.error;
    response.redirect(303, `/login?to=${systemRoutes.statusPage.path}`);
    return;
  }
  const { app } = context;
  const now = app.clock.now();
  const running = await app.operations({ state: 'running', limit: maxShownOperations });
  // The journal has no progress; the live operation has.
  const live = await Promise.all(
    running.items.map(async (operation) => {
      const found = await app.operation(operation.id);
      return found.ok ? found.value : operation;
    }),
  );
  const snapshot = app.snapshot();
  const health = overallHealth(snapshot, now, { version: app.version, cluster: app.config().cluster });
  const canLogOut = admitted.value.via === 'session';
  const hasConsole = (await files.page()) !== null;
  const { version } = app;
  response.type('html').send(statusPage({ snapshot, health, running: live, now, version, canLogOut, hasConsole }));
}

/** Made, and what makes them loaded, when somebody reads them first: few ever do, and it takes memory for good. */
function createDocuments(version: string): () => Promise<{ readonly text: string; readonly page: string }> {
  const make = async (): Promise<{ text: string; page: string }> => {
    const { openApiDocument } = await import('./openapi.ts');
    const document = openApiDocument(version);
    return { text: JSON.stringify(document), page: docsPage(document) };
  };
  let made: ReturnType<typeof make> | null = null;
  return () => (made ??= make());
}

export function addPages(router: Router, context: ServerContext, files: ConsoleFiles): void {
  const documents = createDocuments(context.app.version);
  addConsolePages(router, context, files);
  router.get(systemRoutes.start.path, async (_request, response) => {
    labelRoute(response, systemRoutes.start.path);
    response.redirect(303, ((await files.page()) === null ? systemRoutes.statusPage : systemRoutes.console).path);
  });
  router.get(systemRoutes.statusPage.path, (request, response) => status(context, files, request, response));
  router.get(systemRoutes.loginPage.path, (_request, response) => {
    labelRoute(response, systemRoutes.loginPage.path);
    response.type('html').send(loginPage());
  });
  router.get(systemRoutes.openapi.path, async (_request, response) => {
    labelRoute(response, systemRoutes.openapi.path);
    response.type('application/json').send((await documents()).text);
  });
  router.get(systemRoutes.docs.path, async (_request, response) => {
    labelRoute(response, systemRoutes.docs.path);
    response.type('html').send((await documents()).page);
  });
  for (const [path, { type, text }] of Object.entries(assets)) {
    router.get(path, (_request, response) => {
      labelRoute(response, '/assets');
      response.type(type).send(text);
    });
  }
}
