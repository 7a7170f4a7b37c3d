/**
 * For what runs before git does: `node:crypto` takes 6 ms to load, a twentieth of a first set, and whoever asks for it
 * here has it loaded only when it is used.
 */
export function lazyCrypto(): typeof import('node:crypto') {
  return process.getBuiltinModule('node:crypto');
}
