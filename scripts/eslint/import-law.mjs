import { dirname, relative, resolve, sep } from 'node:path';

/** A layer imports itself and what stands left of it. cli and main stand right of all. */
const layers = ['contract', 'ports', 'core', 'engines', 'config', 'store', 'runtime', 'metrics', 'api', 'cli', 'main'];
const generators = ['rules', 'alertmanager', 'provisioning', 'dashboards'];
/** What runs in a browser has no Node and only packages that run there too. */
const contractPackages = ['zod'];

/** The plugin runs in a browser and knows of the exporter only what the contract says. */
const contractOfPlugin = /^@genesis-dr\/exporter\/contract(\/client)?$/;

/** Area of a file below the checkout: `exporter/src/<layer>` or a generator package; null where the law says nothing. */
export function areaOf(path) {
  const parts = path.split('/');
  if (generators.includes(parts[0])) return { kind: 'generator', name: parts[0] };
  if (parts[0] === 'plugin' && parts[1] === 'src') return { kind: 'plugin', name: 'plugin' };
  if (parts[0] !== 'exporter' || parts[1] !== 'src') return null;
  const name = parts.length === 3 ? parts[2].replace(/\.[cm]?[jt]s$/, '') : parts[2];
  return layers.includes(name) ? { kind: 'layer', name } : null;
}

/** Why `file` (path below the checkout) must not import `specifier`; null when it may. */
export function whyForbidden(file, specifier) {
  const from = areaOf(file);
  if (from === null) return null;
  if (from.kind === 'plugin') return pluginReach(file, specifier);
  if (specifier.startsWith('.')) {
    const target = resolve('/', dirname(file), specifier).slice(1);
    return from.kind === 'generator' ? generatorReach(from, target) : layerReach(from, target);
  }
  return from.kind === 'generator' ? generatorPackage(specifier) : layerPackage(from, specifier);
}

function layerReach(from, target) {
  const to = areaOf(target);
  if (to === null) return `${from.name} may not reach out of exporter/src (${target})`;
  if (to.kind === 'generator') return `${from.name} may not import the generator ${to.name} by path`;
  if (to.name === from.name) return null;
  if (to.name === 'cli' && from.name !== 'main') return 'only main.ts imports cli';
  if (to.name === 'main') return 'nobody imports main.ts';
  if (layers.indexOf(to.name) > layers.indexOf(from.name))
    return `${from.name} may not import ${to.name}: a layer imports only layers left of it (${layers.join(' ← ')})`;
  if (from.name === 'config' && to.name === 'engines' && !/\/options\.ts$/.test(target))
    return "config imports engines' options.ts only";
  return null;
}

function layerPackage(from, specifier) {
  if (from.name === 'contract' && !contractPackages.includes(specifier))
    return `contract is browser-safe: it may not import ${specifier}`;
  if (
    (from.name === 'core' || from.name === 'ports') &&
    /^node:(fs|net|http|https|child_process|worker_threads|sqlite|dns|tls)(\/|$)/.test(specifier)
  ) {
    return `${from.name} does no I/O: it may not import ${specifier}`;
  }
  if (/^(#generators|@genesis-dr)\//.test(specifier) && from.name !== 'cli')
    return `only cli imports the generators (${specifier})`;
  return null;
}

function pluginReach(file, specifier) {
  if (/\.test\.tsx?$/.test(file)) return null;
  if (specifier.startsWith('node:')) return `the plugin runs in a browser: it may not import ${specifier}`;
  if (specifier.startsWith('.')) {
    const target = resolve('/', dirname(file), specifier).slice(1);
    return target.startsWith('plugin/src/') ? null : `the plugin may not reach out of plugin/src (${target})`;
  }
  if (!specifier.startsWith('@genesis-dr/') || contractOfPlugin.test(specifier)) return null;
  return `the plugin imports only @genesis-dr/exporter/contract and /contract/client, not ${specifier}`;
}

function generatorReach(from, target) {
  return target.split('/')[0] === from.name
    ? null
    : `${from.name} imports only @genesis-dr/exporter/contract and /config, not ${target}`;
}

function generatorPackage(specifier) {
  if (!specifier.startsWith('@genesis-dr/')) return null;
  return /^@genesis-dr\/exporter\/(contract|config)$/.test(specifier)
    ? null
    : `generators import only @genesis-dr/exporter/contract and /config, not ${specifier}`;
}

/** The law as an ESLint rule: static imports, re-exports and import() with a literal. */
export const importLaw = {
  meta: { type: 'problem', schema: [], docs: { description: 'a layer imports only layers left of it' } },
  create(context) {
    const file = relative(context.cwd, context.filename).split(sep).join('/');
    const check = (node) => {
      const specifier = node.source?.value;
      if (typeof specifier !== 'string') return;
      const why = whyForbidden(file, specifier);
      if (why !== null) context.report({ node: node.source, message: why });
    };
    return {
      ImportDeclaration: check,
      ExportNamedDeclaration: check,
      ExportAllDeclaration: check,
      ImportExpression: check,
    };
  },
};
