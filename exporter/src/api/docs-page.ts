import { html, layout, type Html } from './html.ts';
import type { OpenApiDocument } from './openapi.ts';

interface Described {
  readonly summary?: string;
  readonly description?: string;
  readonly parameters?: readonly unknown[];
  readonly requestBody?: unknown;
  readonly responses?: Readonly<Record<string, unknown>>;
}

function fold(title: string, value: unknown): Html | null {
  return value === undefined || (Array.isArray(value) && value.length === 0)
    ? null
    : html`<details>
        <summary class="small">${title}</summary>
        <pre>${JSON.stringify(value, null, 2)}</pre>
      </details>`;
}

function routeCard(path: string, method: string, operation: Described): Html {
  return html`<section class="card">
    <h2><span class="method">${method.toUpperCase()}</span> <code>${path}</code></h2>
    <p>${operation.summary ?? ''}. <span class="soft">${operation.description ?? ''}</span></p>
    ${fold('Parameters', operation.parameters)}${fold('Body', operation.requestBody)}${fold('Replies', operation.responses)}
  </section> `;
}

/** The OpenAPI document as a page to read; needs no script. */
export function docsPage(document: OpenApiDocument): string {
  const cards = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
    Object.entries(methods as Readonly<Record<string, Described>>).map(([method, operation]) =>
      routeCard(path, method, operation),
    ),
  );
  const shapes = Object.entries(document.components?.schemas ?? {}).map(
    ([name, schema]) =>
      html`<section class="card" id="${name}">
        <h2>${name}</h2>
        ${fold('Schema', schema)}
      </section> `,
  );
  return layout({
    title: 'API - Genesis DR',
    body: html`<header class="top">
        <h1>Genesis DR API ${document.info.version}</h1>
        <nav><a href="/api/v1/openapi.json">openapi.json</a><a href="/">Status</a></nav>
      </header>
      <main>
        ${cards}
        <h3>Shapes</h3>
        ${shapes}
      </main>`,
  });
}
