import { t as translate } from '@grafana/i18n';

/**
 * A text of the plugin by its key. i18next escapes values for HTML unless it is told that React does so already; without this a
 * reader sees `B&#x2F;s`.
 */
export function t(key: string, text: string, values?: Readonly<Record<string, unknown>>): string {
  return translate(key, text, { ...values, interpolation: { escapeValue: false } });
}
