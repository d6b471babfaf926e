/** One element: its name without prefix, attributes with theirs, and all its text in one piece. */
export interface XmlNode {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: XmlNode[];
  text: string;
}

/** The largest document that S3 takes has 10,000 parts of up to 9 elements each. Only reads are answered with more. */
const NODES_MAX = 200_000;
/** S3's deepest document has 8 levels. */
const DEPTH_MAX = 64;
/** Grantee has two. */
const ATTRIBUTES_MAX = 32;
/** One for all elements that have none: a map each would be most of a large document. */
const NO_ATTRIBUTES = new Map<string, string>();

const NAME = String.raw`[A-Za-z_\u0080-\uffff][\w.:\-\u0080-\uffff]*`;
const OPEN = new RegExp(`<(${NAME})`, 'y');
const ATTRIBUTE = new RegExp(String.raw`\s+(${NAME})\s*=\s*("[^"<]*"|'[^'<]*')`, 'y');
const OPEN_END = /\s*(\/?)>/y;
const CLOSE = new RegExp(String.raw`</(${NAME})\s*>`, 'y');

/**
 * Reads a small XML document, strictly: well-formed, one root, no document type (and so no entities but XML's own five
 * and characters by number), bounded in depth and size. Written here because what AWS and its clients send is so small a
 * part of XML, and what a lenient parser makes of the rest so large a hole.
 * @throws Error saying what is wrong
 */
export function parseXml(text: string): XmlNode {
  const top: XmlNode = { name: '', attributes: new Map(), children: [], text: '' };
  const open: { readonly node: XmlNode; readonly tag: string }[] = [{ node: top, tag: '' }];
  let nodes = 0;
  let pos = 0;

  const match = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = pos;
    const found = pattern.exec(text);
    if (found) pos = pattern.lastIndex;
    return found ?? undefined;
  };
  const skipPast = (end: string): string => {
    const at = text.indexOf(end, pos);
    if (at < 0) throw new Error(`no ${end} to an opening`);
    const inside = text.slice(pos, at);
    pos = at + end.length;
    return inside;
  };
  const addText = (more: string): void => {
    if (open.length === 1 && more.trim() !== '') throw new Error('text outside the root element');
    open.at(-1)!.node.text += more;
  };
  const openElement = (): void => {
    const tag = match(OPEN)?.[1];
    if (tag === undefined) throw new Error('a < that opens nothing');
    let attributes = NO_ATTRIBUTES;
    for (let found = match(ATTRIBUTE); found; found = match(ATTRIBUTE)) {
      if (attributes === NO_ATTRIBUTES) attributes = new Map();
      if (attributes.has(found[1]!)) throw new Error(`attribute ${found[1]} twice`);
      if (attributes.size === ATTRIBUTES_MAX) throw new Error(`more than ${ATTRIBUTES_MAX} attributes`);
      attributes.set(found[1]!, decodeEntities(found[2]!.slice(1, -1)));
    }
    const end = match(OPEN_END);
    if (!end) throw new Error(`the tag ${tag} does not end`);
    const node: XmlNode = { name: tag.slice(tag.indexOf(':') + 1), attributes, children: [], text: '' };
    if (open.length === 1 && top.children.length > 0) throw new Error('more than one root element');
    if (++nodes > NODES_MAX) throw new Error(`more than ${NODES_MAX} elements`);
    open.at(-1)!.node.children.push(node);
    if (end[1] === '/') return;
    if (open.push({ node, tag }) > DEPTH_MAX) throw new Error(`nested more than ${DEPTH_MAX} deep`);
  };
  const closeElement = (): void => {
    const tag = match(CLOSE)?.[1];
    if (tag === undefined || open.length === 1 || open.pop()!.tag !== tag) throw new Error('tags do not match');
  };

  while (pos < text.length) {
    const lt = text.indexOf('<', pos);
    const until = lt < 0 ? text.length : lt;
    if (until > pos) addText(decodeEntities(text.slice(pos, until)));
    pos = until;
    if (lt < 0) break;
    if (text.startsWith('<?', pos)) skipPast('?>');
    else if (text.startsWith('<!--', pos)) {
      pos += 4;
      skipPast('-->');
    } else if (text.startsWith('<![CDATA[', pos)) {
      pos += 9;
      addText(skipPast(']]>'));
    } else if (text.startsWith('<!', pos)) throw new Error('a document type, which is not taken');
    else if (text.startsWith('</', pos)) closeElement();
    else openElement();
  }
  if (open.length > 1) throw new Error(`the element ${open.at(-1)!.tag} does not end`);
  if (!top.children[0]) throw new Error('no root element');
  return top.children[0];
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

const NO_ENTITY = /&(?!(?:#x[0-9a-fA-F]{1,6}|#\d{1,7}|amp|lt|gt|quot|apos);)/;

function decodeEntities(raw: string): string {
  if (!raw.includes('&')) return raw;
  const wrong = () => new Error('a & that is no character or entity of XML');
  // Before any is replaced: `replace` collects all its matches first, and millions of lone & would take it seconds.
  if (NO_ENTITY.test(raw)) throw wrong();
  return raw.replace(/&(?:#x(\w+)|#(\d+)|(\w+));/g, (_, hex, decimal, name) => {
    if (name !== undefined) return ENTITIES[name]!;
    const code = hex !== undefined ? Number.parseInt(hex, 16) : Number(decimal);
    const isCharacter = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
    if (!isCharacter) throw wrong();
    return String.fromCodePoint(code);
  });
}

/** Text as XML: markup, and controls that XML 1.0 cannot hold as they are, by number, as S3 writes them. */
export function escapeXml(text: string): string {
  // A listing has thousands of texts, and hardly one with anything in it.
  if (PLAIN.test(text)) return text;
  return text.replace(/[&<>"\p{Cc}\ufffe\uffff]/gu, (c) => ESCAPES[c] ?? `&#x${c.charCodeAt(0).toString(16)};`);
}

const PLAIN = /^[ !#-%'-;=?-~]*$/;
const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '\t',
  '\n': '\n',
};
