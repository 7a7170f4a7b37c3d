import { readFileSync } from 'node:fs';
import { defineConfig } from 'rolldown';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

/**
 * CommonJS, because naming the exports of the ESM wrapper of `node:http` loads all of undici: 13 MiB in the idle
 * process. Each dynamic `import()` becomes a chunk of its own, so a source or feature that is not configured is
 * not loaded.
 */
export default defineConfig({
  input: { wherry: 'src/main.ts' },
  platform: 'node',
  tsconfig: false,
  transform: { target: 'node22', define: { __WHERRY_VERSION__: JSON.stringify(version) } },
  output: {
    dir: 'dist',
    format: 'cjs',
    minify: true,
    cleanDir: true,
    entryFileNames: '[name].cjs',
    chunkFileNames: 'chunks/[name]-[hash].cjs',
    banner: (chunk) => (chunk.isEntry ? '#!/usr/bin/env node' : ''),
    comments: false,
  },
});
