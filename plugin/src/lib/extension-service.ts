/** Which service of ours an alert of Grafana's pages is about; null: none. */
export function serviceOfAlert(context: unknown): string | null {
  const labels = property(property(context, 'instance'), 'labels');
  return oursOnly(property(labels, 'service'), property(labels, 'alertname'), property(labels, 'genesis'));
}

/** True where a panel asks for figures of ours. */
export function isPanelOfOurs(context: unknown): boolean {
  const targets = property(context, 'targets');
  const expressions = Array.isArray(targets) ? targets.map((target) => property(target, 'expr')) : [];
  return expressions.some((expr) => typeof expr === 'string' && expr.includes('genesis_'));
}

/**
 * The one service that a panel shows; null: several. Grafana tells plugins the variables of repeated panels only, the others stand in the
 * address of the dashboard (`search`).
 */
export function serviceOfPanel(context: unknown, search: string): string | null {
  const repeated = property(property(property(context, 'scopedVars'), 'service'), 'value');
  const chosen = typeof repeated === 'string' ? [repeated] : new URLSearchParams(search).getAll('var-service');
  const [service] = chosen;
  return chosen.length === 1 && service !== undefined && /^[A-Za-z0-9][\w.-]*$/.test(service) ? service : null;
}

function oursOnly(service: unknown, ...marks: readonly unknown[]): string | null {
  return typeof service === 'string' && service !== '' && marks.some((mark) => typeof mark === 'string')
    ? service
    : null;
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
