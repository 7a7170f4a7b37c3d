import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { XmlError, XmlReader } from '../../../../src/sources/s3/store/xml.ts';

type Node = { readonly name: string; readonly content: string | readonly Node[] };

/** Reads a whole document with nothing but the reader's own calls; the model says which elements are leaves. */
function read(document: string, model: Node): Node {
  const xml = new XmlReader(Buffer.from(document));
  const element = (name: string, expected: Node | undefined): Node => {
    if (expected === undefined || typeof expected.content === 'string') return { name, content: xml.text() };
    const content: Node[] = [];
    for (let child = xml.child(); child !== undefined; child = xml.child()) {
      content.push(element(child, expected.content[content.length]));
    }
    return { name, content };
  };
  const root = element(xml.root(), model);
  xml.end();
  return root;
}

/** Ways in which one character can stand in a document. */
function written(character: string, way: number): string {
  const point = character.codePointAt(0) ?? 0;
  if (way === 0) return `&#${point};`;
  if (way === 1) return `&#x${point.toString(16)};`;
  if (way === 2 && character !== '>' && character !== ']') return `<![CDATA[${character}]]>`;
  if (way === 3) return `<!-- ${point} -->&#${point};<?x?>`;
  const named: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&apos;',
  };
  return named[character] ?? character;
}

const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_.-]{0,8}$/);
const { node } = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.record({
    name,
    content: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.array(tie('node'), { minLength: 1, maxLength: 4 }),
    ),
  }),
}));

function write({ name, content }: Node, ways: () => number): string {
  if (content === '' && ways() % 2 === 0) return `<p:${name} a="1>/"\n b = 'x"'/>`;
  const inner =
    typeof content === 'string'
      ? [...content].map((character) => written(character, ways() % 6)).join('')
      : content.map((child) => `\n <!-- <x> -->${write(child, ways)}<?go on?>\t`).join('');
  return ways() % 3 === 0 ? `<${name} xmlns="http://s3/">${inner}</${name} >` : `<${name}>${inner}</${name}>`;
}

function documentOf(model: Node, seeds: readonly number[]): string {
  let count = 0;
  const ways = () => seeds[count++ % seeds.length] ?? 0;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${write(model, ways)}\n`;
}

const seeds = fc.array(fc.nat(30), { minLength: 1, maxLength: 20 });

describe('a document', () => {
  test('comes back as it was written, in whatever way', () => {
    fc.assert(
      fc.property(node, seeds, (model, ways) => {
        expect(read(documentOf(model, ways), model)).toEqual(model);
      }),
    );
  });

  test('can be passed over element by element', () => {
    fc.assert(
      fc.property(node, seeds, (model, ways) => {
        const document = documentOf({ name: 'root', content: [model, { name: 'last', content: 'x' }] }, ways);
        const xml = new XmlReader(Buffer.from(document));
        expect(xml.root()).toBe('root');
        expect(xml.child()).toBe(model.name);
        xml.leave();
        expect(xml.child()).toBe('last');
        expect(xml.text()).toBe('x');
        expect(xml.child()).toBeUndefined();
        xml.end();
      }),
    );
  });

  test('that is cut anywhere is refused, whether it is read or passed over', () => {
    fc.assert(
      fc.property(node, seeds, fc.nat(), (model, ways, at) => {
        const whole = documentOf(model, ways).trimEnd();
        const cut = whole.slice(0, at % whole.length);
        expect(() => read(cut, model)).toThrow(XmlError);
        const pass = () => {
          const xml = new XmlReader(Buffer.from(cut));
          xml.root();
          xml.leave();
          xml.end();
        };
        expect(pass).toThrow(XmlError);
      }),
    );
  });

  test('of any bytes is read or refused, nothing else', () => {
    const fragments = fc.constantFrom(
      '<',
      '>',
      '/',
      '</a>',
      '<a>',
      '<a/>',
      '&',
      ';',
      '&#x41;',
      '<!--',
      '-->',
      ']]>',
    );
    const mess = fc.array(fc.oneof(fragments, fc.string({ maxLength: 3 })), { maxLength: 20 });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          mess.map((parts) => Buffer.from(parts.join(''))),
        ),
        (bytes) => {
          try {
            const xml = new XmlReader(bytes);
            xml.root();
            xml.leave();
            xml.end();
          } catch (error) {
            expect(error).toBeInstanceOf(XmlError);
          }
        },
      ),
    );
  });

  test.each([
    ['an empty one', ''],
    ['only space', ' \n'],
    ['only a declaration', '<?xml version="1.0"?>'],
    ['plain text', 'not found'],
    ['JSON', '{"a":1}'],
    ['a document type', '<!DOCTYPE html><html></html>'],
    ['an unknown entity', '<a>&nbsp;</a>'],
    ['a bare ampersand', '<a>a & b</a>'],
    ['a reference to half a character', '<a>&#xD800;</a>'],
    ['a reference beyond Unicode', '<a>&#x110000;</a>'],
    ['ends in the wrong order', '<a><b></a></b>'],
    ['an end that only begins with the name', '<a></ab>'],
    ['an attribute without quotes', '<a b=c></a>'],
    ['an attribute without a space', '<a b="c"d="e"></a>'],
    ['a second root', '<a></a><b></b>'],
    ['text after the end', '<a></a>text'],
    ['no UTF-8', Buffer.from([0x3c, 0x61, 0x3e, 0xff, 0x3c, 0x2f, 0x61, 0x3e])],
  ])('that is %s is refused', (_, document) => {
    const pass = () => {
      const xml = new XmlReader(Buffer.from(document));
      xml.root();
      xml.leave();
      xml.end();
    };
    expect(pass).toThrow(XmlError);
  });

  test('with an element in a text, or a text between elements, is refused', () => {
    const inText = new XmlReader(Buffer.from('<a>b<c/></a>'));
    inText.root();
    expect(() => inText.text()).toThrow(XmlError);
    const between = new XmlReader(Buffer.from('<a>b<c/></a>'));
    between.root();
    expect(() => between.child()).toThrow(XmlError);
  });

  test('keeps the line ends of a text, and may begin with a mark of the byte order', () => {
    const xml = new XmlReader(Buffer.from('\uFEFF<a>b\r\nc\rd</a>'));
    expect(xml.root()).toBe('a');
    expect(xml.text()).toBe('b\r\nc\rd');
  });
});
