import { readFileSync } from 'node:fs';
import { defineConfig, type Plugin } from 'rolldown';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

/** Of a source with but one character beyond Latin-1 V8 keeps every character in two bytes, for as long as it runs. */
const ascii: Plugin = {
  name: 'ascii',
  // The last step: minifying undoes it.
  generateBundle: (_, bundle) => {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== 'chunk') continue;
      if (escaped.test(chunk.code))
        throw new Error(`${chunk.fileName} has a backslash before a character beyond ASCII`);
      chunk.code = chunk.code.replace(/[^\0-\x7f]/g, escapeOf);
    }
  },
};

/** What stands there already would take the backslash of an escape. */
const escaped = /(?<!\\)(?:\\\\)*\\[^\0-\x7f]/;

const escapeOf = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

/**
 * CommonJS, because naming the exports of the ESM wrapper of `node:http` loads all of undici: 13 MiB in the idle
 * process. Each dynamic `import()` becomes a chunk of its own, so a source or feature that is not configured is
 * not loaded. What runs in a worker or a child is a program of its own, which shares no chunk with the main one.
 */
const common = {
  platform: 'node',
  tsconfig: false,
  transform: { target: 'node22', define: { __WHERRY_VERSION__: JSON.stringify(version) } },
} as const;

const output = {
  dir: 'dist',
  format: 'cjs',
  minify: true,
  entryFileNames: '[name].cjs',
  chunkFileNames: 'chunks/[name]-[hash].cjs',
  comments: false,
} as const;

export default defineConfig([
  {
    ...common,
    plugins: [ascii],
    input: { wherry: 'src/main.ts' },
    output: {
      ...output,
      cleanDir: true,
      banner: (chunk) => (chunk.isEntry ? '#!/usr/bin/env node' : ''),
    },
  },
  {
    ...common,
    plugins: [ascii],
    input: { 'validation-worker': 'src/validation/content/worker.ts' },
    output,
  },
  {
    ...common,
    plugins: [ascii],
    input: { 'aws-credentials-worker': 'src/sources/s3/credentials/worker/main.ts' },
    // The SDK's ES modules: of its CommonJS build nothing is left out, and nothing is loaded later.
    resolve: {
      mainFields: ['module', 'main'],
      conditionNames: ['module', 'node', 'import', 'default'],
    },
    // A dynamic `import()` of `node:http` would load all of undici.
    output: { ...output, dynamicImportInCjs: false },
  },
]);
