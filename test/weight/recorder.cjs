/* Loaded before the program: when that ends, says what it has loaded, in a file of its own process. */
const { writeFileSync } = require('node:fs');
const { join } = require('node:path');

const before = new Set(process.moduleLoadList);

process.on('exit', () => {
  const chunks = Object.keys(require.cache).filter((path) => path !== __filename);
  const builtins = process.moduleLoadList.filter(
    (name) => name.startsWith('NativeModule ') && !before.has(name),
  );
  writeFileSync(
    join(process.env.RECORDS, `${process.pid}.json`),
    JSON.stringify({ chunks, builtins: builtins.map((name) => name.slice('NativeModule '.length)) }),
  );
});
