import { createRoot } from 'react-dom/client';
import { flushSync } from 'react-dom';
import SVG, { cacheStore } from 'react-inlinesvg';

/**
 * Hands all icons to the component that draws them, so that no page waits for dozens of small files. Its store comes into being with
 * the first icon that is drawn, so one is drawn out of sight.
 */
export function presetIcons(publicPath: string, icons: Readonly<Record<string, string>>): void {
  const root = createRoot(document.createElement('div'));
  flushSync(() => root.render(<SVG src="<svg xmlns='http://www.w3.org/2000/svg'/>" />));
  root.unmount();
  for (const [path, content] of Object.entries(icons)) cacheStore.set(publicPath + path, { content, status: 'loaded' });
}
