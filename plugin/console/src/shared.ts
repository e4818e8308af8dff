import 'systemjs/dist/system.js';
import 'systemjs/dist/extras/amd.js';
import 'systemjs/dist/extras/named-register.js';
import * as EmotionCss from '@emotion/css';
import * as EmotionReact from '@emotion/react';
import * as data from '@grafana/data';
import * as runtime from '@grafana/runtime';
import * as ui from '@grafana/ui';
import i18next from 'i18next';
import lodash from 'lodash';
import moment from 'moment';
import * as React from 'react';
import * as ReactDom from 'react-dom';
import * as Router from 'react-router';
import * as jsxDevRuntime from 'react/jsx-dev-runtime';
import * as jsxRuntime from 'react/jsx-runtime';
import * as rxjs from 'rxjs';

type Module = Readonly<Record<string, unknown>>;

interface ModuleLoader {
  addImportMap(map: { readonly imports: Readonly<Record<string, string>> }): void;
  set(id: string, module: Module): void;
  import(id: string): Promise<Module>;
}

const loader = (globalThis as unknown as { readonly System: ModuleLoader }).System;

/** Where a package's default export is the package, AMD modules want that itself. */
const asDefault = (value: object): Module => ({ ...value, default: value, __useDefault: true });

/** What Grafana shares with its apps, under the same names; an app bundles none of it. */
const shared: Readonly<Record<string, object>> = {
  '@emotion/css': EmotionCss,
  '@emotion/react': EmotionReact,
  '@grafana/data': data,
  '@grafana/runtime': runtime,
  '@grafana/ui': ui,
  i18next: asDefault(i18next),
  lodash: asDefault(lodash),
  moment: asDefault(moment),
  react: React,
  'react-dom': ReactDom,
  'react-router': Router,
  'react/jsx-dev-runtime': jsxDevRuntime,
  'react/jsx-runtime': jsxRuntime,
  rxjs,
};

function withDefault(module: object): Module {
  const entries = module as Module;
  return { ...entries, default: entries['default'] ?? entries };
}

/** To be called after every setter has run: the loader keeps the values of this moment. */
export function shareModules(): void {
  loader.addImportMap({
    imports: Object.fromEntries(Object.keys(shared).map((name) => [name, `package:${name}`])),
  });
  for (const [name, module] of Object.entries(shared)) loader.set(`package:${name}`, withDefault(module));
}

/** The module of an app; its own chunks are found beside it. */
export async function importApp(url: string): Promise<Module> {
  const module = await loader.import(url);
  const inner = module['default'];
  return module['__useDefault'] === true && typeof inner === 'object' && inner !== null ? (inner as Module) : module;
}
