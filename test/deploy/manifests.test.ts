import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { schema, variableName } from '../../src/settings/schema.ts';
import {
  containersOf,
  environmentOf,
  find,
  isWherry,
  manifestFiles,
  podsOf,
  readManifests,
  schemaErrors,
  settingsOf,
} from './manifests.ts';

const adminPort = Number(schema.adminAddress.default.slice(1));
const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

test('every documented manifest is there', () => {
  expect(manifestFiles).toEqual([
    'caddy-native-sidecar.yaml',
    'git-sync-replacement.yaml',
    'haproxy-native-sidecar.yaml',
    'init-only.yaml',
    'layers.yaml',
    'nginx-classic-pair.yaml',
    'prometheus-native-sidecar.yaml',
    's3-irsa.yaml',
    's3-minio-secret.yaml',
    's3-pod-identity.yaml',
    'traefik-native-sidecar.yaml',
  ]);
});

test('the schema refuses a field that Kubernetes does not know', () => {
  const [job] = readManifests('init-only.yaml');
  const misspelt = JSON.parse(
    JSON.stringify(job).replaceAll('automountServiceAccountToken', 'automountToken'),
  );
  expect(schemaErrors(misspelt)).toEqual([expect.stringContaining('automountToken')]);
});

test('the schema refuses a value of the wrong type', () => {
  const [job] = readManifests('init-only.yaml');
  const wrong = JSON.parse(JSON.stringify(job).replace('"runAsUser":65532', '"runAsUser":"65532"'));
  expect(schemaErrors(wrong)).toEqual([expect.stringContaining('/runAsUser must be integer')]);
});

test('the image is labelled with the version of the package', () => {
  const dockerfile = readFileSync(new URL('../../Dockerfile', import.meta.url), 'utf8');
  expect(dockerfile).toContain(`\nARG VERSION=${version}\n`);
});

test('the image runs as the user that the manifests name', () => {
  const dockerfile = readFileSync(new URL('../../Dockerfile', import.meta.url), 'utf8');
  expect(dockerfile).toMatch(/^USER 65532:65532$/m);
});

describe.each(manifestFiles)('%s', (file) => {
  const documents = readManifests(file);
  const pods = podsOf(documents);
  const containers = pods.flatMap((pod) => containersOf(pod).map((container) => ({ ...container, pod })));
  const wherries = containers.filter(isWherry);

  test('passes the strict validation of Kubernetes', () => {
    expect(documents.flatMap(schemaErrors)).toEqual([]);
  });

  test('has a pod with Wherry and a main container', () => {
    expect(pods).toHaveLength(1);
    expect(wherries.length).toBeGreaterThan(0);
    expect(wherries.length).toBeLessThan(containers.length);
  });

  test('gives Wherry settings that it accepts', () => {
    for (const wherry of wherries) {
      const { gitRepo, s3Bucket, layerList } = settingsOf(wherry, wherry.pod, documents);
      expect(gitRepo ?? s3Bucket ?? layerList, wherry.name).toBeDefined();
    }
  });

  test('keeps credentials out of the environment', () => {
    const secret = Object.entries(schema).filter(([, setting]) => setting.secret);
    const names = wherries.flatMap((wherry) => Object.keys(environmentOf(wherry, documents)));
    for (const [key] of secret) {
      // A layer's has the layer's name put in.
      const tail = variableName(key).slice('WHERRY'.length);
      expect(names.filter((name) => name.endsWith(tail))).toEqual([]);
    }
  });

  test("uses the image of the package's version", () => {
    expect(wherries.map(({ image }) => image)).toEqual(
      wherries.map(() => `ghcr.io/wherry/wherry:${version}`),
    );
  });

  test('hardens every pod', () => {
    for (const pod of pods) {
      expect(pod).toMatchObject({
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        securityContext: {
          runAsNonRoot: true,
          runAsUser: 65532,
          runAsGroup: 65532,
          fsGroup: 65532,
          seccompProfile: { type: 'RuntimeDefault' },
        },
      });
    }
  });

  test('hardens every container', () => {
    for (const { name, securityContext } of containers) {
      expect(securityContext, name).toEqual({
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
      });
    }
  });

  test('gives every container requests and limits', () => {
    for (const { name, resources } of containers) {
      expect(Object.keys(resources?.requests ?? {}), name).toEqual(['cpu', 'memory']);
      expect(Object.keys(resources?.limits ?? {}), name).toEqual(['cpu', 'memory']);
    }
  });

  test('mounts the published set read-only in the main container, whole', () => {
    const mounts = [...wherries, ...pods.flatMap((pod) => pod.containers)].map((container) => ({
      wherry: isWherry(container),
      mount: container.volumeMounts?.find(({ mountPath }) => mountPath === schema.target.default),
    }));
    for (const { wherry, mount } of mounts) {
      expect(mount).toEqual({
        name: 'config',
        mountPath: schema.target.default,
        ...(wherry ? {} : { readOnly: true }),
      });
    }
  });

  test('shows the credentials to Wherry alone', () => {
    for (const pod of pods) {
      const secrets = (pod.volumes ?? []).filter(({ secret }) => secret).map(({ name }) => name);
      const shown = containersOf(pod)
        .filter((container) => !isWherry(container))
        .flatMap(({ volumeMounts }) => volumeMounts ?? [])
        .filter(({ name }) => secrets.includes(name));
      expect(shown).toEqual([]);
    }
  });

  test('refers to nothing that it does not hold', () => {
    for (const pod of pods) {
      const volumes = pod.volumes ?? [];
      const mounted = containersOf(pod).flatMap(({ volumeMounts }) => volumeMounts ?? []);
      expect(new Set(mounted.map(({ name }) => name))).toEqual(new Set(volumes.map(({ name }) => name)));
      if (pod.serviceAccountName !== undefined) find(documents, 'ServiceAccount', pod.serviceAccountName);
      for (const { secret, configMap } of volumes) {
        if (secret !== undefined) find(documents, 'Secret', secret.secretName);
        if (configMap !== undefined) find(documents, 'ConfigMap', configMap.name);
      }
    }
  });

  test('has services that select its pods and their ports', () => {
    const workload = documents.find(({ spec }) => spec?.template !== undefined);
    const ports = containers.flatMap((container) => container.ports ?? []).map(({ name }) => name);
    for (const service of documents.filter(({ kind }) => kind === 'Service')) {
      expect(workload?.spec?.template?.metadata.labels).toMatchObject(service.spec?.selector ?? {});
      expect(ports).toEqual(
        expect.arrayContaining((service.spec?.ports ?? []).map(({ targetPort }) => targetPort)),
      );
    }
  });

  test('asks Wherry only for probes that it has, at its port', () => {
    for (const { ports, startupProbe, readinessProbe, livenessProbe } of wherries) {
      expect([
        startupProbe?.httpGet?.path ?? '/startupz',
        readinessProbe?.httpGet?.path ?? '/readyz',
      ]).toEqual(['/startupz', '/readyz']);
      expect(livenessProbe?.httpGet?.path ?? '/livez').toBe('/livez');
      expect((ports ?? []).map(({ containerPort }) => containerPort)).toEqual(
        ports === undefined ? [] : [adminPort],
      );
    }
  });

  test('signals a process only in a shared process namespace', () => {
    for (const wherry of wherries) {
      const { reloadSignal } = settingsOf(wherry, wherry.pod, documents);
      expect(wherry.pod.shareProcessNamespace ?? false).toBe(reloadSignal !== undefined);
    }
  });

  test('calls and asks only ports of its pod, and sockets in a volume that both mount', () => {
    for (const wherry of wherries) {
      const { reloadUrl = [], verifyUrl } = settingsOf(wherry, wherry.pod, documents);
      const urls = [...reloadUrl, ...(verifyUrl === undefined ? [] : [verifyUrl])];
      const ports = wherry.pod.containers.flatMap(({ ports }) => ports ?? []);
      const called = urls.filter(({ protocol }) => protocol !== 'unix:').map(({ port }) => port);
      expect(ports.map(({ containerPort }) => String(containerPort))).toEqual(expect.arrayContaining(called));
      for (const { pathname } of urls.filter(({ protocol }) => protocol === 'unix:')) {
        const shared = [wherry, ...wherry.pod.containers].map((container) =>
          container.volumeMounts?.find(({ mountPath }) => pathname.startsWith(`${mountPath}/`)),
        );
        expect(shared[0]).toBeDefined();
        expect(shared).toEqual(shared.map(() => shared[0]));
      }
    }
  });

  test('validates with programs that an earlier init container puts there', () => {
    for (const wherry of wherries) {
      const program = settingsOf(wherry, wherry.pod, documents).validateExec?.split(' ')[0];
      if (program === undefined) continue;
      const mount = wherry.volumeMounts?.find(({ mountPath }) => program.startsWith(`${mountPath}/`));
      expect(mount?.readOnly, program).toBe(true);
      const [first] = wherry.pod.initContainers ?? [];
      const written = first?.volumeMounts?.filter(({ readOnly }) => readOnly !== true);
      expect(written?.map(({ name }) => name)).toEqual([mount?.name]);
    }
  });
});
