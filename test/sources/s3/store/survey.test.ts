import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UnreachableError } from '../../../../src/failure/failure.ts';
import { surveyObjects } from '../../../../src/sources/s3/store/listing.ts';
import { PageSums } from '../../../../src/sources/s3/store/page-sums.ts';
import type { ListedObject } from '../../../../src/sources/s3/store/store.ts';
import { more, options, page, server } from './listing-pages.ts';

const { signal } = new AbortController();

/** Asks for the same listing again and again; notes which pages were read. */
function surveyor() {
  const read: string[] = [];
  const sums = new PageSums((objects: readonly ListedObject[]) => {
    const keys = objects.map(({ key }) => key).join();
    read.push(keys);
    return keys;
  });
  const survey = async (documents: readonly string[]) => {
    read.length = 0;
    const { asked, fetchPage } = server(documents);
    const found: string[] = [];
    for await (const sum of surveyObjects(fetchPage, options, sums, signal)) found.push(sum);
    return { found, read: [...read], tokens: asked.map((query) => query['continuation-token']) };
  };
  return { survey, sums };
}

/** A page for each list of keys, each naming the next. */
function pages(keys: readonly (readonly string[])[]): string[] {
  return keys.map((some, index) =>
    page({ keys: some, fields: index === keys.length - 1 ? '' : more(`behind-page-${index}`) }),
  );
}

describe('a survey', () => {
  test('reads no page again that is as it was, and asks for all of them', async () => {
    const { survey } = surveyor();
    const documents = pages([['conf/a'], ['conf/b'], ['conf/c']]);
    const found = ['conf/a', 'conf/b', 'conf/c'];
    const tokens = [undefined, 'behind-page-0', 'behind-page-1'];
    expect(await survey(documents)).toEqual({ found, read: found, tokens });
    expect(await survey(documents)).toEqual({ found, read: [], tokens });
    const changed = pages([['conf/a'], ['conf/b', 'conf/bb'], ['conf/c']]);
    expect(await survey(changed)).toEqual({
      found: ['conf/a', 'conf/b,conf/bb', 'conf/c'],
      read: ['conf/b,conf/bb'],
      tokens,
    });
  });

  test('knows the pages of the last whole listing alone', async () => {
    const { survey, sums } = surveyor();
    const documents = pages([['conf/a'], ['conf/b']]);
    await survey(documents);
    await expect(survey(documents.slice(0, 1))).rejects.toBeInstanceOf(UnreachableError);
    expect((await survey(documents)).read).toEqual([]);
    await survey(pages([['conf/x']]));
    expect(sums.known.size).toBe(1);
    expect((await survey(documents)).read).toEqual(['conf/a', 'conf/b']);
  });

  test('refuses pages that go round, known ones too', async () => {
    const { survey } = surveyor();
    const first = page({ keys: ['conf/a'], fields: more('t') });
    await survey([first, page({ keys: ['conf/b'] })]);
    await expect(survey([first, page({ keys: ['conf/c'], fields: more('t') })])).rejects.toThrow(
      'was before',
    );
    await expect(survey([first, first])).rejects.toThrow('was before');
  });

  test('finds what a listing without a memory finds, whatever changes', async () => {
    const keys = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { minLength: 1 });
    const listing = keys.map((names) =>
      names.reduce<string[][]>((all, name, index) => {
        if (index % 2 === 0) all.push([]);
        all.at(-1)?.push(`conf/${name}`);
        return all;
      }, []),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(listing, { maxLength: 6 }), async (listings) => {
        const { survey } = surveyor();
        for (const each of listings) {
          const { found } = await survey(pages(each));
          expect(found).toEqual((await surveyor().survey(pages(each))).found);
          expect(found).toEqual(each.map((some) => some.join()));
        }
      }),
    );
  });
});
