import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type OutputOptions, rolldown } from 'rolldown';
import configurations from '../../rolldown.config.ts';

/**
 * `node bill-of-materials.ts STATUS DIRECTORY` writes into DIRECTORY what the image is made of: `sbom.cdx.json`, which
 * scanners know by its name, and `licenses.txt` with the terms of what is in the program. STATUS holds the records of
 * Debian's packages. Nothing in them tells of the place or the time, so that equal images have equal ones.
 */
interface Component {
  readonly type: string;
  readonly 'bom-ref': string;
  readonly name: string;
  readonly version: string;
  readonly [more: string]: unknown;
}

interface BundledPackage {
  readonly directory: string;
  readonly name: string;
  readonly version: string;
  readonly license: string;
}

interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
}

/** The packages of which the bundles hold code, which are fewer than the lock file lists. */
export async function bundledPackages(): Promise<BundledPackage[]> {
  const found = new Map<string, BundledPackage>();
  for (const { output: options, ...input } of [configurations].flat()) {
    await using bundle = await rolldown({ ...input, logLevel: 'silent' });
    const { output } = await bundle.generate(forMemory(options));
    for (const chunk of output) {
      if (chunk.type !== 'chunk') continue;
      for (const [file, { renderedLength }] of Object.entries(chunk.modules)) {
        if (renderedLength === 0 || !file.includes('/node_modules/')) continue;
        const held = packageAround(dirname(file.replace(/^\0/, '').replace(/\?.*$/, '')));
        found.set(`${held.name}@${held.version}`, held);
      }
    }
  }
  return [...found.values()].sort((one, other) => compare(one.name, other.name));
}

function forMemory(options: OutputOptions | OutputOptions[] | undefined): OutputOptions {
  const [only = {}] = [options ?? {}].flat();
  return { ...only, cleanDir: false };
}

/** A directory within a package may have a `package.json` of its own, without a name. */
function packageAround(directory: string): BundledPackage {
  const file = join(directory, 'package.json');
  if (existsSync(file)) {
    const { name, version, license } = readManifest(file);
    if (name !== undefined && version !== undefined && license !== undefined)
      return { directory, name, version, license };
  }
  if (dirname(directory) === directory) throw new Error('no package.json names the package');
  return packageAround(dirname(directory));
}

function readManifest(file: string): Manifest {
  return JSON.parse(readFileSync(file, 'utf8')) as Manifest;
}

/** What dpkg keeps of each package in a file of its own; `os-release`, which names the distribution, stands beside. */
export function debianComponents(directory: string): Component[] {
  const release = fieldsOf(readFileSync(join(directory, 'os-release'), 'utf8'), /^(\w+)="?(.*?)"?$/gm);
  return readdirSync(directory)
    .filter((name) => name !== 'os-release')
    .sort()
    .map((file) => {
      const record = fieldsOf(readFileSync(join(directory, file), 'utf8'), /^([\w-]+): (.*)$/gm);
      const [name, version, architecture] = ['Package', 'Version', 'Architecture'].map(
        (field) => record[field],
      );
      if (name === undefined || version === undefined || architecture === undefined)
        throw new Error(`${file} is no record of a package`);
      const distribution = `${release['ID']}-${release['VERSION_ID']}`;
      const purl = `pkg:deb/${release['ID']}/${encodeURIComponent(name)}@${encodeURIComponent(version)}`;
      return library(name, version, `${purl}?arch=${architecture}&distro=${distribution}`);
    });
}

function fieldsOf(text: string, line: RegExp): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries([...text.matchAll(line)].map(([, name, value]) => [name, value]));
}

function npmComponent({ name, version, license }: BundledPackage): Component {
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  return { ...library(name, version, purl), licenses: [{ expression: license }] };
}

function library(name: string, version: string, purl: string): Component {
  return { type: 'library', 'bom-ref': purl, name, version, purl };
}

function nodeComponent(version: string): Component {
  const purl = `pkg:generic/node@${version}`;
  return {
    ...library('node', version, purl),
    type: 'application',
    cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`,
    licenses: [{ license: { id: 'MIT' } }],
  };
}

/** CycloneDX. */
export function billOfMaterials(bundled: readonly BundledPackage[], debian: readonly Component[]) {
  const { version = '', license = '' } = readManifest('package.json');
  const components = [...debian, nodeComponent(process.versions.node), ...bundled.map(npmComponent)];
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: {
        type: 'application',
        'bom-ref': 'wherry',
        name: 'wherry',
        version,
        licenses: [{ expression: license }],
      },
    },
    components,
    dependencies: [{ ref: 'wherry', dependsOn: components.map((component) => component['bom-ref']) }],
  };
}

/** Each text once, below the names of the packages that came with it. */
export function licenseTexts(bundled: readonly BundledPackage[]): string {
  const texts = new Map<string, string[]>();
  for (const { directory, name, version, license } of bundled) {
    const files = readdirSync(directory).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
    const text = files.sort().map((file) => readFileSync(join(directory, file), 'utf8').trim());
    const key = text.length === 0 ? `License: ${license}` : text.join('\n\n');
    texts.set(key, [...(texts.get(key) ?? []), `${name} ${version}`]);
  }
  return [...texts]
    .map(([text, names]) => `${names.join('\n')}\n\n${text}\n`)
    .join(`\n${'-'.repeat(80)}\n\n`);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other);
}

if (import.meta.main) {
  const [status = '', directory = ''] = process.argv.slice(2);
  const bundled = await bundledPackages();
  const bill = billOfMaterials(bundled, debianComponents(status));
  writeFileSync(join(directory, 'sbom.cdx.json'), `${JSON.stringify(bill, null, 1)}\n`);
  writeFileSync(join(directory, 'licenses.txt'), licenseTexts(bundled));
}
