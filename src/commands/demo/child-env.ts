/** The demo is about its own settings and about nothing beyond this machine: no settings, keys and proxies of the user's. */
export function ownEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const foreign = /^(WHERRY_.*|GIT_.*|AWS_.*|(https?|all|no)_proxy)$/i;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !foreign.test(name)));
}
