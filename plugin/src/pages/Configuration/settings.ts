import { getBackendSrv } from '@grafana/runtime';
import { lastValueFrom } from 'rxjs';
import { toApiError } from '../../api/problem.ts';
import { PLUGIN_ID } from '../../constants.ts';

/** The plugin's settings as Grafana keeps them; jsonData can be read by every user of the plugin, secrets by nobody. */
export interface AppSettings {
  readonly enabled?: boolean;
  readonly pinned?: boolean;
  readonly jsonData?: { readonly apiUrl?: string; readonly builtIn?: boolean };
  readonly secureJsonFields?: Readonly<Record<string, boolean>>;
  readonly info?: { readonly version?: string };
}

export const tokenFields = ['readToken', 'operateToken', 'adminToken'] as const;
export type TokenField = (typeof tokenFields)[number];

const address = `/api/plugins/${PLUGIN_ID}/settings`;

export function readSettings(): Promise<AppSettings> {
  return request<AppSettings>('GET');
}

/**
 * Writes the address and those tokens that were entered. Grafana replaces jsonData as a whole and takes enabled and pinned as they
 * are sent, so all of it is read first and sent back; secrets that are not sent stay.
 */
export async function saveSettings(
  apiUrl: string,
  tokens: Readonly<Partial<Record<TokenField, string>>>,
): Promise<void> {
  const now = await readSettings();
  const entered = Object.fromEntries(Object.entries(tokens).filter(([, value]) => value !== undefined && value !== ''));
  await request('POST', {
    enabled: true,
    pinned: now.enabled === true ? (now.pinned ?? true) : true,
    jsonData: { ...now.jsonData, apiUrl },
    secureJsonData: entered,
  });
}

async function request<T>(method: 'GET' | 'POST', data?: unknown): Promise<T> {
  try {
    const options = { url: address, method, showErrorAlert: false, showSuccessAlert: false };
    const response = await lastValueFrom(getBackendSrv().fetch<T>(data === undefined ? options : { ...options, data }));
    return response.data;
  } catch (thrown) {
    throw toApiError(thrown);
  }
}
