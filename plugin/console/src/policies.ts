interface TrustedTypesFactory {
  createPolicy(
    name: string,
    rules: Readonly<Record<'createHTML' | 'createScriptURL', (text: string) => string>>,
  ): unknown;
}

/**
 * The page's content security policy asks for two things of scripts that the libraries do not know of.
 * Styles need the nonce: whichever library makes a style element, it asks the document for it.
 */
export function giveStylesTheNonce(nonce: string): void {
  const create = document.createElement.bind(document) as (
    name: string,
    options?: ElementCreationOptions,
  ) => HTMLElement;
  document.createElement = ((name: string, options?: ElementCreationOptions) => {
    const element = create(name, options);
    if (name.toLowerCase() === 'style') element.nonce = nonce;
    return element;
  }) as typeof document.createElement;
}

/** Whether a script may be loaded from there: only files of our own build. */
export function isOwnScript(url: string, base: string, folders: readonly string[]): boolean {
  const { origin, pathname } = new URL(url, base);
  return origin === new URL(base).origin && folders.some((folder) => pathname.startsWith(folder));
}

/** Trusted types: no text becomes a script, and scripts come from our own folders only. Browsers without them lack one of two locks. */
export function installTrustedTypes(folders: readonly string[]): void {
  const { trustedTypes } = window as unknown as { readonly trustedTypes?: TrustedTypesFactory };
  trustedTypes?.createPolicy('default', {
    // Icons are parsed from text. Markup cannot run anything here: the policy allows neither inline scripts nor handlers.
    createHTML: (text) => text,
    createScriptURL: (url) => {
      if (isOwnScript(url, location.href, folders)) return url;
      throw new TypeError(`a script from ${url} is refused`);
    },
  });
}
