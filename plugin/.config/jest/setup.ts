// i18next prints an advertisement otherwise.
Object.assign(globalThis, { __i18next_supportNoticeShown: true });

// What @grafana/ui asks of a browser as soon as it is loaded.
Object.defineProperty(globalThis, 'matchMedia', {
  writable: true,
  value: (query: string) => ({
    matches: false,
    media: query,
    onchange: null,
    addEventListener: () => undefined,
    removeEventListener: () => undefined,
    addListener: () => undefined,
    removeListener: () => undefined,
    dispatchEvent: () => false,
  }),
});

class NoObserver {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
  takeRecords(): never[] {
    return [];
  }
}
for (const name of ['ResizeObserver', 'IntersectionObserver'])
  Object.defineProperty(globalThis, name, { writable: true, value: NoObserver });
HTMLCanvasElement.prototype.getContext = () => null;
