import { expect, test } from 'vitest';
import { containersOf, environmentOf, isWherry, podsOf, readManifests, settingsOf } from './manifests.ts';

test.each([
  'caddy-native-sidecar.yaml',
  'git-sync-replacement.yaml',
  'haproxy-native-sidecar.yaml',
  'layers.yaml',
  'prometheus-native-sidecar.yaml',
  's3-irsa.yaml',
  's3-minio-secret.yaml',
  's3-pod-identity.yaml',
  'traefik-native-sidecar.yaml',
])('%s holds the main container back until a set is published', (file) => {
  const [pod] = podsOf(readManifests(file));
  expect(pod?.initContainers?.at(-1)).toMatchObject({
    name: 'wherry',
    restartPolicy: 'Always',
    startupProbe: { httpGet: { path: '/startupz', port: 'wherry' } },
  });
});

test('the classic pair gives both halves the same settings', () => {
  const documents = readManifests('nginx-classic-pair.yaml');
  const pair = podsOf(documents).flatMap(containersOf).filter(isWherry);
  expect(pair.map(({ args }) => args)).toEqual([['init'], ['run']]);
  expect(new Set(pair.map((container) => JSON.stringify(environmentOf(container, documents)))).size).toBe(1);
});

test.each([
  ['s3-irsa.yaml', 'irsa'],
  ['s3-pod-identity.yaml', 'pod-identity'],
])('%s takes its role from nowhere else, and keeps it from the main container', (file, kind) => {
  const documents = readManifests(file);
  for (const { spec } of documents) {
    const { metadata, spec: pod } = spec?.template ?? {};
    if (pod === undefined) continue;
    const skipped = metadata?.annotations?.['eks.amazonaws.com/skip-containers'];
    expect(skipped).toBe(pod.containers.map(({ name }) => name).join(','));
    for (const wherry of containersOf(pod).filter(isWherry)) {
      expect(settingsOf(wherry, pod, documents).s3Credentials).toBe(kind);
    }
  }
});

test('the layers of layers.yaml are of three kinds, and only the certificate lies below the root', () => {
  const documents = readManifests('layers.yaml');
  const [pod] = podsOf(documents);
  const wherry = pod && containersOf(pod).find(isWherry);
  const { layerList = [] } = pod && wherry ? settingsOf(wherry, pod, documents) : {};
  expect(layerList.map(({ name, mount, settings }) => [name, mount, settings.source])).toEqual([
    ['base', '', 'git'],
    ['site', '', 's3'],
    ['tls', 'tls', 'dir'],
  ]);
  const mounts = wherry?.volumeMounts?.map(({ mountPath }) => mountPath);
  expect(mounts).toContain(layerList[2]?.settings.dirPath);
});
