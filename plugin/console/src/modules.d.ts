/** Written by the build (scripts/console-bundle.ts). */
declare module 'genesis:build-facts' {
  export const facts: import('./build-facts.ts').BuildFacts;
}

/** A deep file of @grafana/runtime: Grafana sets the page frame there, and the package does not name it. */
declare module 'genesis:plugin-page' {
  export function setPluginPage(page: React.ComponentType<import('@grafana/runtime').PluginPageProps>): void;
}
