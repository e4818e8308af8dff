import type { ThemeMode } from './boot.ts';

const key = 'genesis.theme';

/** What the visitor chose, else what the system prefers. */
export function initialTheme(): ThemeMode {
  const chosen = readChoice() ?? new URLSearchParams(location.search).get('theme');
  if (chosen === 'dark' || chosen === 'light') return chosen;
  return matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark';
}

function readChoice(): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null; // storage is switched off: the choice lasts as long as the page
  }
}

export function keepTheme(mode: ThemeMode): void {
  try {
    localStorage.setItem(key, mode);
  } catch {
    return; // as above
  }
}

/** For what stands outside React: the page's first colours, scroll bars, form controls. */
export function markTheme(mode: ThemeMode): void {
  document.documentElement.style.colorScheme = mode;
  document.body.classList.toggle('theme-dark', mode === 'dark');
  document.body.classList.toggle('theme-light', mode === 'light');
}
