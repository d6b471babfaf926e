// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how policies write their variables
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arnTest, globTest, type Variables } from './pattern.ts';

const glob = (pattern: string, text: string) =>
  globTest(pattern, { wildcards: true, variables: false })(text, undefined);
const values: Variables = (key) => ({ 'aws:username': 'a*b', 'aws:userid': 'AIDA', 'aws:referer': '1:x' })[key];
const bound = (pattern: string, text: string) => globTest(pattern, { wildcards: true, variables: true })(text, values);

describe('patterns', () => {
  it('match as the obvious but slow definition does', () => {
    const slowly = (p: string, t: string): boolean =>
      p === ''
        ? t === ''
        : p[0] === '*'
          ? slowly(p.slice(1), t) || (t !== '' && slowly(p, t.slice(1)))
          : t !== '' && (p[0] === '?' || p[0] === t[0]) && slowly(p.slice(1), t.slice(1));
    const over = (letters: string[]) => fc.array(fc.constantFrom(...letters), { maxLength: 8 }).map((l) => l.join(''));
    fc.assert(
      fc.property(over(['a', 'b', '*', '?']), over(['a', 'b']), (pattern, text) => {
        expect(glob(pattern, text)).toBe(slowly(pattern, text));
      }),
      { numRuns: 2_000 },
    );
  });

  it('match as slowly defined when they are long, too', () => {
    const slowly = (p: string, t: string): boolean => {
      let fits = [true, ...Array<boolean>(t.length).fill(false)]; // whether the pattern so far fits the first i of t
      for (const c of p) {
        const next = Array<boolean>(t.length + 1).fill(false);
        for (let i = 0; i <= t.length; i++) {
          if (c === '*') next[i] = fits[i]! || (i > 0 && next[i - 1]!);
          else next[i] = i > 0 && fits[i - 1]! && (c === '?' || c === t[i - 1]);
        }
        fits = next;
      }
      return fits[t.length]!;
    };
    // Texts are made from patterns, or else next to nothing would match.
    const parts = fc.array(fc.constantFrom('a', 'b', 'ab', 'a', '?', '?', '*'), { maxLength: 120 });
    fc.assert(
      fc.property(parts, fc.array(fc.constantFrom('a', 'b', ''), { minLength: 1 }), (pieces, fill) => {
        let n = 0;
        const any = () => fill[n++ % fill.length]!;
        const text = pieces.map((p) => (p === '?' ? any() || 'b' : p === '*' ? any() + any() : p)).join('');
        for (const t of [text, text.slice(1), `${text}a`])
          expect(glob(pieces.join(''), t)).toBe(slowly(pieces.join(''), t));
      }),
      { numRuns: 500 },
    );
  });

  it('are not made slow by hostile ones', () => {
    const long = 'a'.repeat(60_000);
    expect(glob(`*${'a'.repeat(18_000)}b*`, long)).toBe(false);
    expect(glob(`*${'a'.repeat(9_000)}?${'a'.repeat(9_000)}b*`, long)).toBe(false);
    expect(glob(`*${'?'.repeat(18_000)}b*`, long)).toBe(false);
    const text = `${'a'.repeat(2_000)}b`;
    expect(glob(`${'*a'.repeat(1_000)}c`, text)).toBe(false);
    expect(glob('*'.repeat(20_000), text)).toBe(true);
    expect(glob('?'.repeat(20_000), text)).toBe(false);
    expect(glob(`${'*?a'.repeat(900)}*b`, text)).toBe(true);
  });

  it('take a character beyond the first plane for one', () => {
    expect(glob('a?c', 'a😀c')).toBe(true);
    expect(glob('?', '😀😀')).toBe(false);
  });

  it('put in the request, which stays literal', () => {
    expect(bound('home/${aws:username}/*', 'home/a*b/x')).toBe(true);
    expect(bound('home/${AWS:UserName}/*', 'home/a*b/x')).toBe(true);
    expect(bound('home/${aws:username}/*', 'home/aXb/x')).toBe(false);
    expect(bound("home/${aws:none, 'all'}", 'home/all')).toBe(true);
    expect(bound("home/${aws:userid, 'all'}", 'home/AIDA')).toBe(true);
    expect(bound("home/${aws:PrincipalTag/cost center , 'a, b'}", 'home/a, b')).toBe(true);
    expect(bound('home/${aws:userid, all}', 'home/AIDA')).toBe(false);
    expect(bound('${*}${?}${$}?', '*?$x')).toBe(true);
    expect(bound('*?${aws:userid}*', 'xAIDA')).toBe(true);
    expect(bound('home/${aws:none}*', 'home/${aws:none}')).toBe(false);
    expect(bound('${}*', '${}')).toBe(false);
    expect(glob('${aws:username}*', '${aws:username}!')).toBe(true);
  });

  it('compare without case when told so', () => {
    const folded = globTest('Home/${aws:UserId}', { wildcards: false, variables: true, foldCase: true });
    expect(folded('home/aida', values)).toBe(true);
  });

  it('of ARNs do not reach past a colon', () => {
    const arn = (pattern: string, value: string) =>
      arnTest(pattern, { wildcards: true, variables: true })(value, values);
    expect(arn('arn:aws:cloudtrail:*:1*:trail/*', 'arn:aws:cloudtrail:us-east-1:12:trail/a:b/c')).toBe(true);
    expect(arn('arn:aws:s3:::b*', 'arn:aws:s3:::bucket/key')).toBe(true);
    expect(arn('arn:*:trail/x', 'arn:aws:cloudtrail:us-east-1:12:trail/x')).toBe(false);
    expect(arn('*', 'arn:aws:s3:::b')).toBe(false);
    expect(arn('arn:aws:iam::1?:*', 'arn:aws:iam::12:user/x')).toBe(true);
    expect(arn('arn:aws:iam::${aws:referer}:*', 'arn:aws:iam::1:x:*')).toBe(false);
    expect(arn('arn:aws:iam::1:${aws:referer}', 'arn:aws:iam::1:1:x')).toBe(true);
    expect(arn('arn:aws:a:b:c:d:e*', 'arn:aws:a:b:c:d:ef:g')).toBe(true);
    expect(arn('arn:aws:s3:::b', 'no-arn')).toBe(false);
  });
});
