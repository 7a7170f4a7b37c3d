import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  billOfMaterials,
  bundledPackages,
  debianComponents,
  licenseTexts,
} from '../../deploy/image/bill-of-materials.ts';
import { temporaryDirectory } from '../support/temporary.ts';

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const bundled = await bundledPackages();

test('the image is built for no platform in particular', () => {
  for (const file of ['Dockerfile', 'deploy/image/pick.sh'])
    expect(read(file)).not.toMatch(/x86_64|amd64|aarch64|arm64|lib64/);
});

test('the build gets every file that it copies', () => {
  const taken = read('.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));
  const copied = [...read('Dockerfile').matchAll(/^COPY (?!--from)(.+) \S+$/gm)];
  expect(copied.flatMap(([, files = '']) => files.split(' ')).sort()).toEqual(taken.sort());
});

test('the page about the image lists the commands that are in it', () => {
  const [, listed = ''] = /With it are ([^.]+)\./.exec(read('deploy/image/README.md')) ?? [];
  const [, picked = ''] =
    /'\/usr\/bin\/%s\\n' sh dash ((?:.*\\\n)*.*)/.exec(read('deploy/image/pick.sh')) ?? [];
  const words = (text: string) => text.match(/[a-z0-9]+|\[/g)?.filter((word) => word !== 'and');
  expect(words(picked)).toContain('sha256sum');
  expect(words(listed)).toEqual(words(picked));
});

test('the bill of materials names the packages that are in the program, and no other', () => {
  const names = bundled.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['@aws-sdk/client-s3', 'simple-git', 'yaml']));
  expect(names).not.toContain('rolldown');
  expect(names).not.toContain('vitest');
});

test("the bill of materials names Debian's packages, Node and the bundled ones by their package URLs", async () => {
  const directory = await temporaryDirectory();
  writeFileSync(join(directory, 'os-release'), 'NAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n');
  writeFileSync(
    join(directory, 'git'),
    'Package: git\nStatus: install ok installed\nArchitecture: arm64\nVersion: 1:2.39.5-0+deb12u3\n',
  );
  const simple = bundled.filter(({ name }) => name === 'simple-git');
  const { components } = billOfMaterials(simple, debianComponents(directory));
  expect(components.map((component) => component['purl'])).toEqual([
    'pkg:deb/debian/git@1%3A2.39.5-0%2Bdeb12u3?arch=arm64&distro=debian-12',
    `pkg:generic/node@${process.versions.node}`,
    `pkg:npm/simple-git@${simple[0]?.version}`,
  ]);
});

test('the terms of every bundled package go with the program', () => {
  const texts = licenseTexts(bundled);
  for (const { name, version } of bundled) expect(texts).toContain(`${name} ${version}\n`);
});
