import { join } from 'node:path';
import TerserPlugin from 'terser-webpack-plugin';
import type { Configuration } from 'webpack';
import { externals } from './externals.ts';
import { checkout, distFolder, pluginFolder, sourceFolder } from './places.ts';

/** module.js as an AMD module, as Grafana's loader wants it; pages are chunks of their own. */
export function webpackConfig(pluginId: string, mode: 'production' | 'development', out = distFolder): Configuration {
  return {
    mode,
    context: sourceFolder,
    target: ['web', 'es2022'],
    devtool: 'source-map',
    cache: {
      type: 'filesystem',
      cacheDirectory: join(checkout, '.cache', 'webpack'),
      buildDependencies: { config: [import.meta.filename] },
    },
    entry: { module: './module.tsx' },
    externals,
    output: {
      path: out,
      clean: false,
      filename: '[name].js',
      chunkFilename: '[name].js?_cache=[contenthash]',
      library: { type: 'amd' },
      publicPath: `public/plugins/${pluginId}/`,
      uniqueName: pluginId,
      crossOriginLoading: 'anonymous',
    },
    resolve: {
      extensions: ['.ts', '.tsx', '.js', '.json'],
    },
    module: {
      rules: [
        {
          test: /\.tsx?$/,
          exclude: /node_modules/,
          use: {
            loader: 'swc-loader',
            options: {
              jsc: {
                target: 'es2022',
                parser: { syntax: 'typescript', tsx: true },
                transform: { react: { runtime: 'automatic' } },
              },
            },
          },
        },
      ],
    },
    optimization: {
      chunkIds: 'named',
      // What two pages use is fetched once: one chunk of our own parts, one of libraries.
      splitChunks: {
        cacheGroups: {
          default: false,
          defaultVendors: false,
          libraries: { test: /node_modules/, chunks: 'async', name: 'libraries', enforce: true },
          shared: {
            test: /[\\/]plugin[\\/]src[\\/]|[\\/]contract[\\/]/,
            chunks: 'async',
            name: 'shared',
            minChunks: 2,
            enforce: true,
          },
        },
      },
      minimizer: [new TerserPlugin({ extractComments: false, terserOptions: { format: { comments: false } } })],
    },
    performance: { hints: false },
    stats: 'errors-warnings',
    snapshot: { managedPaths: [join(pluginFolder, 'node_modules'), join(checkout, 'node_modules')] },
  };
}
