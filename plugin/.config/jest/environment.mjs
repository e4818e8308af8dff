import { TestEnvironment } from 'jest-environment-jsdom';

/** jsdom with what browsers have and it lacks. */
export default class BrowserLike extends TestEnvironment {
  constructor(...args) {
    super(...args);
    const missing = {
      TextEncoder,
      TextDecoder,
      structuredClone,
      ReadableStream,
      TransformStream,
      Response,
      Request,
      Headers,
      fetch,
    };
    for (const [name, value] of Object.entries(missing)) this.global[name] ??= value;
    // The same class as in Node's own globals: jsdom compares them.
    this.global.Uint8Array = Uint8Array;
  }

  // The packages of Grafana are read as CommonJS: their browser builds are ES modules.
  exportConditions() {
    return ['require', 'node', 'default'];
  }
}
