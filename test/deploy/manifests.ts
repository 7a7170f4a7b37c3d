import { readdirSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { parseAllDocuments } from 'yaml';
import { loadSettings } from '../../src/settings/settings.ts';

const deploy = new URL('../../deploy/', import.meta.url);
const { kinds, definitions } = JSON.parse(
  readFileSync(new URL('./testdata/kubernetes.schema.json', import.meta.url), 'utf8'),
) as { kinds: Record<string, { $ref: string }>; definitions: object };
const ajv = new Ajv({ allErrors: true, strict: false, validateFormats: false });
ajv.addSchema({ $id: 'kubernetes', definitions });

interface Probe {
  readonly httpGet?: { readonly path: string; readonly port: string | number };
}

interface VolumeMount {
  readonly name: string;
  readonly mountPath: string;
  readonly readOnly?: boolean;
  readonly subPath?: string;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly restartPolicy?: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly envFrom?: readonly { readonly configMapRef?: { readonly name: string } }[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly resources?: Readonly<Record<'requests' | 'limits', Readonly<Record<string, string>>>>;
  readonly securityContext?: object;
  readonly volumeMounts?: readonly VolumeMount[];
}

interface Volume {
  readonly name: string;
  readonly emptyDir?: object;
  readonly secret?: { readonly secretName: string };
  readonly configMap?: { readonly name: string };
}

export interface PodSpec {
  readonly initContainers?: readonly Container[];
  readonly containers: readonly Container[];
  readonly volumes?: readonly Volume[];
  readonly securityContext?: object;
  readonly shareProcessNamespace?: boolean;
  readonly serviceAccountName?: string;
}

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
  readonly spec?: {
    readonly selector?: Readonly<Record<string, string>>;
    readonly ports?: readonly { readonly targetPort: string }[];
    readonly template?: {
      readonly metadata: {
        readonly labels: Readonly<Record<string, string>>;
        readonly annotations?: Readonly<Record<string, string>>;
      };
      readonly spec: PodSpec;
    };
  };
}

export const manifestFiles = readdirSync(deploy)
  .filter((name) => name.endsWith('.yaml'))
  .sort();

/** Every document of a file in `deploy/`, read as Kubernetes does: YAML 1.1, no key twice. */
export function readManifests(file: string): readonly Manifest[] {
  return parseAllDocuments(readManifestText(file), { version: '1.1', uniqueKeys: true, strict: true }).map(
    (document) => {
      const [problem] = [...document.errors, ...document.warnings];
      if (problem !== undefined) throw problem;
      return document.toJS() as Manifest;
    },
  );
}

export function readManifestText(file: string): string {
  return readFileSync(new URL(file, deploy), 'utf8');
}

/** What the API server's strict validation would say of a document. */
export function schemaErrors(document: Pick<Manifest, 'apiVersion' | 'kind'>): readonly string[] {
  const id = `${document.apiVersion}/${document.kind}`;
  const schema = kinds[id];
  if (schema === undefined) return [`${id}: not in testdata/kubernetes.schema.json`];
  const validate = ajv.compile({ $ref: `kubernetes${schema.$ref}` });
  validate(document);
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${id} ${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

/** The pods that the documents make. */
export function podsOf(documents: readonly Manifest[]): readonly PodSpec[] {
  return documents.flatMap(({ spec }) => spec?.template?.spec ?? []);
}

export function containersOf(pod: PodSpec): readonly Container[] {
  return [...(pod.initContainers ?? []), ...pod.containers];
}

export function isWherry({ image }: Container): boolean {
  return /\/wherry:/.test(image);
}

/** The environment that a container gets from its own list and from the ConfigMaps of the same file. */
export function environmentOf(
  container: Container,
  documents: readonly Manifest[],
): Readonly<Record<string, string>> {
  const fromMaps = (container.envFrom ?? []).map(
    ({ configMapRef }) => find(documents, 'ConfigMap', configMapRef?.name).data ?? {},
  );
  const own = Object.fromEntries((container.env ?? []).map(({ name, value }) => [name, value ?? '']));
  return Object.assign({}, ...fromMaps, own);
}

/** The document of that kind and name; throws where a manifest refers to one that is not in its file. */
export function find(documents: readonly Manifest[], kind: string, name: string | undefined): Manifest {
  const found = documents.find((document) => document.kind === kind && document.metadata.name === name);
  if (found === undefined) throw new Error(`no ${kind} "${name}" in this file`);
  return found;
}

/** The content that a mounted Secret or ConfigMap has at a path in the container. */
function contentAt(
  path: string,
  container: Container,
  pod: PodSpec,
  documents: readonly Manifest[],
): string | undefined {
  const mount = container.volumeMounts?.find(({ mountPath }) => path.startsWith(`${mountPath}/`));
  const volume = pod.volumes?.find(({ name }) => name === mount?.name);
  if (mount === undefined || volume === undefined) return undefined;
  const key = path.slice(mount.mountPath.length + 1);
  if (volume.secret !== undefined)
    return find(documents, 'Secret', volume.secret.secretName).stringData?.[key];
  return volume.configMap && find(documents, 'ConfigMap', volume.configMap.name).data?.[key];
}

/** The program's own reading of what a container of Wherry's is given, files from Secrets and ConfigMaps included. */
export function settingsOf(container: Container, pod: PodSpec, documents: readonly Manifest[]) {
  const env = Object.entries(environmentOf(container, documents)).map(([name, value]) =>
    name.endsWith('_FILE')
      ? [name.slice(0, -'_FILE'.length), contentAt(value, container, pod, documents)]
      : [name, value],
  );
  return loadSettings({ env: Object.fromEntries(env), flags: new Map(), complete: true }).settings;
}
