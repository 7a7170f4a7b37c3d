declare const __WHERRY_VERSION__: string | undefined;

/** Put in by the build from `package.json`. */
export const version: string = typeof __WHERRY_VERSION__ === 'string' ? __WHERRY_VERSION__ : '0.0.0-dev';
