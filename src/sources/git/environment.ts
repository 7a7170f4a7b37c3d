import { delimiter } from 'node:path';
import { proxyVariables } from '../../platform/proxy.ts';

/** Written once below the state directory; git reads nothing else: neither the user's nor the system's settings. */
export const gitConfiguration = `[safe]
	directory = *
[core]
	hooksPath = /dev/null
	fsmonitor = false
	askPass =
	bigFileThreshold = 1m
	fsync = none
	commitGraph = false
[credential]
	helper =
[protocol]
	allow = never
[gc]
	auto = 0
	packRefs = false
[maintenance]
	auto = false
[fetch]
	unpackLimit = 1
	writeCommitGraph = false
	recurseSubmodules = false
	showForcedUpdates = false
[pack]
	threads = 1
	windowMemory = 64m
[http]
	lowSpeedLimit = 1
	lowSpeedTime = 60
[uploadpack]
	allowFilter = true
	allowAnySHA1InWant = true
`;

export type Scheme = 'https' | 'http' | 'ssh' | 'file';

export interface GitEnvironment {
  /** The process's own environment. */
  readonly ambient: NodeJS.ProcessEnv;
  readonly configFile: string;
  /** The transports that git may use. */
  readonly schemes: readonly Scheme[];
  /** Settings for this one call, e.g. `http.<origin>/.extraHeader`: in git's environment, never in its arguments. */
  readonly config?: readonly (readonly [string, string])[];
  /** The bare repository that git works on; none of its own finding. */
  readonly gitDir: string;
  readonly more?: Readonly<Record<string, string>>;
}

/** What git and its helpers may inherit: how to find programs, certificates and a place for temporary files. */
const inherited = ['PATH', 'LD_LIBRARY_PATH', 'TMPDIR', 'TZ', 'SSL_CERT_FILE', 'SSL_CERT_DIR'];

/** The whole environment of a git process. */
export function gitEnvironment({
  ambient,
  configFile,
  schemes,
  config = [],
  gitDir,
  more = {},
}: GitEnvironment): Record<string, string> {
  return {
    PATH: ['/usr/local/bin', '/usr/bin', '/bin'].join(delimiter),
    ...pick(ambient, inherited),
    ...proxyVariables(ambient),
    LC_ALL: 'C',
    GIT_ALLOW_PROTOCOL: schemes.join(':'),
    GIT_ATTR_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: configFile,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_NO_LAZY_FETCH: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_TERMINAL_PROMPT: '0',
    GIT_DIR: gitDir,
    ...(config.length === 0 ? {} : { GIT_CONFIG_COUNT: String(config.length) }),
    ...Object.fromEntries(
      config.flatMap(([key, value], index) => [
        [`GIT_CONFIG_KEY_${index}`, key],
        [`GIT_CONFIG_VALUE_${index}`, value],
      ]),
    ),
    ...more,
  };
}

function pick(ambient: NodeJS.ProcessEnv, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => (ambient[name] === undefined ? [] : [[name, ambient[name]]])),
  );
}
