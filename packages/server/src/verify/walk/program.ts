/** Bytes gone through at a time: as many as a mask has bits. */
const BLOCK_BYTES = 64;

const code = (text: string): number => Buffer.from(text, 'latin1').readUIntLE(0, text.length);
const is = (bytes: string, char: string) => `(i8x16.eq ${bytes} (i8x16.splat (i32.const ${code(char)})))`;
const get = (name: string) => `(local.get ${name})`;
/** A byte some way behind a place. */
const at = (place: string, offset: number, load = 'i32.load8_u') =>
  `(${load} (i32.add ${get(place)} (i32.const ${offset})))`;

/** A bit for each byte of the block of which that holds: the first byte's is the lowest. */
const mask = (holds: (bytes: string) => string): string => {
  const bits = [0, 16, 32, 48].map((offset) => {
    const bytes = `(v128.load (i32.add ${get('$at')} (i32.const ${offset})))`;
    return `(i64.shl (i64.extend_i32_u (i8x16.bitmask ${holds(bytes)})) (i64.const ${offset}))`;
  });
  return bits.reduce((all, part) => `(i64.or ${all} ${part})`);
};
const withBit20 = (bytes: string) => `(v128.or ${bytes} (i8x16.splat (i32.const 0x20)))`;

/** Each bit becomes the XOR of itself and all below: from every first of two quotes up to the second, without that. */
const betweenQuotes = [1, 2, 4, 8, 16, 32]
  .map((n) => `(local.set $strings (i64.xor ${get('$strings')} (i64.shl ${get('$strings')} (i64.const ${n}))))`)
  .join('\n');

const isHexDigit = (byte: string) => `(i32.or
  (i32.lt_u (i32.sub ${byte} (i32.const ${code('0')})) (i32.const 10))
  (i32.lt_u (i32.sub (i32.or ${byte} (i32.const 0x20)) (i32.const ${code('a')})) (i32.const 6)))`;

/**
 * Walks records in CloudTrail's own form and copies the eventID of each, as `record-ids.ts` says. Of each block of 64 bytes
 * it makes masks of where quotes and brackets are, and looks closely at what few bytes matter: brackets outside of
 * strings, and quotes that end a string of seven characters.
 *
 * `$from` is where the first record's opening brace stands, `$end` is behind the last byte, with a block of zeros after it;
 * ids are put at `$ids`. It gives the number of records, and stores at address 0 where the ids end; or -1 for anything that
 * it is not made for, which is to be parsed. After a change: `npm run build && node scripts/build-walk.mjs`.
 */
export const WALK = `(module
(memory (export "memory") 1)
(func (export "run")
  (param $from i32) (param $end i32) (param $ids i32) (result i32)
  (local $at i32) (local $place i32) (local $byte i32) (local $char i32)
  (local $depth i32) (local $records i32) (local $found i32)
  (local $quotes i64) (local $backslashes i64) (local $strings i64) (local $matter i64)
  (local $inString i64) (local $escaped i64) (local $carried i64) (local $quotesBefore i64)
  (local.set $at ${get('$from')})
  (local.set $depth (i32.const 1)) ;; in the list of records
  (loop $blocks
    (local.set $quotes ${mask((bytes) => is(bytes, '"'))})
    (local.set $backslashes ${mask((bytes) => is(bytes, '\\'))})

    ;; What a backslash escapes is no quote, nor a backslash that escapes the next.
    (if (i64.ne (i64.or ${get('$backslashes')} ${get('$carried')}) (i64.const 0))
      (then (local.set $escaped ${get('$carried')})
      (local.set $carried (i64.const 0))
      (local.set $backslashes (i64.and ${get('$backslashes')} (i64.xor ${get('$escaped')} (i64.const -1))))
      (block $none
        (loop $escapes
          (br_if $none (i64.eqz ${get('$backslashes')}))
          (local.set $place (i32.wrap_i64 (i64.ctz ${get('$backslashes')})))
          (local.set $escaped
            (i64.or ${get('$escaped')} (i64.shl (i64.const 2) (i64.extend_i32_u ${get('$place')}))))
          (if (i32.eq ${get('$place')} (i32.const 63)) (then (local.set $carried (i64.const 1))))
          (local.set $backslashes (i64.and ${get('$backslashes')}
            (i64.xor (i64.shl (i64.const 3) (i64.extend_i32_u ${get('$place')})) (i64.const -1))))
          ;; A letter in the form \\u0049 may be one of the name's.
          (local.set $place (i32.add ${get('$at')} ${get('$place')}))
          (if (i32.and
              (i32.and (i32.eq ${at('$place', 1)} (i32.const ${code('u')}))
                (i32.eq ${at('$place', 2, 'i32.load16_u')} (i32.const ${code('00')})))
              (i32.eq (i32.and ${at('$place', 4)} (i32.const 0xfc)) (i32.const ${code('4')})))
            (then (return (i32.const -1))))
          (br $escapes)))
      (local.set $quotes (i64.and ${get('$quotes')} (i64.xor ${get('$escaped')} (i64.const -1))))))

    (local.set $strings ${get('$quotes')})
    ${betweenQuotes}
    (local.set $strings (i64.xor ${get('$strings')} ${get('$inString')}))
    (local.set $inString (i64.shr_s ${get('$strings')} (i64.const 63)))
    (local.set $matter (i64.and (i64.xor ${get('$strings')} (i64.const -1)) (i64.or
      ;; Either kind of bracket has this form with one bit more.
      ${mask((bytes) => `(v128.or ${is(withBit20(bytes), '{')} ${is(withBit20(bytes), '}')})`)}
      (i64.and ${get('$quotes')}
        (i64.or (i64.shl ${get('$quotes')} (i64.const 8)) (i64.shr_u ${get('$quotesBefore')} (i64.const 56)))))))
    (local.set $quotesBefore ${get('$quotes')})

    (block $done
      (loop $matters
        (br_if $done (i64.eqz ${get('$matter')}))
        (local.set $place (i32.add ${get('$at')} (i32.wrap_i64 (i64.ctz ${get('$matter')}))))
        (local.set $matter (i64.and ${get('$matter')} (i64.sub ${get('$matter')} (i64.const 1))))
        (local.set $char (i32.load8_u ${get('$place')}))

        (if (i32.eq ${get('$char')} (i32.const ${code('"')}))
          (then (br_if $matters (i32.ne ${get('$depth')} (i32.const 2)))
          (br_if $matters (i64.ne ${at('$place', -8, 'i64.load')}
            (i64.const ${Buffer.from('"eventID').readBigInt64LE()})))
          ;; As a value it means nothing.
          (br_if $matters (i32.eq ${at('$place', 1)} (i32.const ${code(',')})))
          (br_if $matters (i32.eq ${at('$place', 1)} (i32.const ${code('}')})))
          (if (i32.or ${get('$found')} (i32.ne ${at('$place', 1, 'i32.load16_u')} (i32.const ${code(':"')})))
            (then (return (i32.const -1))))
          (local.set $found (i32.const 1))
          (local.set $place (i32.add ${get('$place')} (i32.const 3)))
          (if (i32.ne ${at('$place', 36)} (i32.const ${code('"')})) (then (return (i32.const -1))))
          (v128.store ${get('$ids')} (v128.load ${get('$place')}))
          (v128.store (i32.add ${get('$ids')} (i32.const 16)) ${at('$place', 16, 'v128.load')})
          (v128.store (i32.add ${get('$ids')} (i32.const 20)) ${at('$place', 20, 'v128.load')})
          (local.set $ids (i32.add ${get('$ids')} (i32.const 36)))
          ;; Its dashes and digits.
          (local.set $byte (i32.const 0))
          (loop $digits
            (local.set $char (i32.load8_u (i32.add ${get('$place')} ${get('$byte')})))
            (if (i32.or
                (i32.or (i32.eq ${get('$byte')} (i32.const 8)) (i32.eq ${get('$byte')} (i32.const 13)))
                (i32.or (i32.eq ${get('$byte')} (i32.const 18)) (i32.eq ${get('$byte')} (i32.const 23))))
              (then (if (i32.ne ${get('$char')} (i32.const ${code('-')})) (then (return (i32.const -1))))
              (local.set $char (i32.const ${code('0')}))))
            (if (i32.eqz ${isHexDigit(get('$char'))}) (then (return (i32.const -1))))
            (br_if $digits
              (i32.lt_u (local.tee $byte (i32.add ${get('$byte')} (i32.const 1))) (i32.const 36))))
          (br $matters)))

        ;; { and [ have this bit, } and ] have not.
        (if (i32.and ${get('$char')} (i32.const 2))
          (then (local.set $depth (i32.add ${get('$depth')} (i32.const 1)))
          (br $matters)))
        (br_if $matters
          (i32.ne (local.tee $depth (i32.sub ${get('$depth')} (i32.const 1))) (i32.const 1)))
        (if (i32.ne ${get('$char')} (i32.const ${code('}')})) (then (return (i32.const -1))))
        (local.set $records (i32.add ${get('$records')} (i32.const 1)))
        (local.set $found (i32.const 0))
        (br_if $matters (i32.eq ${at('$place', 1, 'i32.load16_u')} (i32.const ${code(',{')})))
        (if (i32.ne ${at('$place', 1, 'i32.load16_u')} (i32.const ${code(']}')})) (then (return (i32.const -1))))
        (if (i32.ne (i32.add ${get('$place')} (i32.const 3)) ${get('$end')}) (then (return (i32.const -1))))
        (i32.store (i32.const 0) ${get('$ids')})
        (return ${get('$records')})))

    (local.set $at (i32.add ${get('$at')} (i32.const ${BLOCK_BYTES})))
    (br_if $blocks (i32.lt_u ${get('$at')} ${get('$end')})))
  (i32.const -1)))`;
