/*
 * Redis keys are bytes, mostly UTF-8. Here each is a string of its own, as Python's surrogateescape makes one: a byte that is
 * no UTF-8 becomes a lone surrogate, U+DC80 to U+DCFF, which UTF-8 cannot hold. So every key keeps its identity.
 */

import { isUtf8 } from 'node:buffer'

const REPLACEMENT = '\ufffd'
/** What is added to a byte of 0x80 to 0xff. */
const ESCAPE = 0xdc00
/** Lone surrogates that stand for bytes. */
const ESCAPED = /[\udc80-\udcff]/u
/** A lone surrogate that stands for a byte, or a stretch without one. */
const PIECES = /[\udc80-\udcff]|[^\udc80-\udcff]+/gu

/** Returns the string that stands for a key. */
export function decodeKey(bytes: Buffer): string {
  const text = bytes.toString('utf8')
  if (!text.includes(REPLACEMENT) || isUtf8(bytes)) return text
  let key = ''
  for (let at = 0; at < bytes.length; ) {
    const length = utf8LengthAt(bytes, at)
    key +=
      length > 0 ? bytes.toString('utf8', at, at + length) : String.fromCharCode(ESCAPE + (bytes[at] ?? 0))
    at += Math.max(length, 1)
  }
  return key
}

/** Returns the number of bytes of the UTF-8 character that begins at a place; 0 if none does. */
function utf8LengthAt(bytes: Buffer, at: number): number {
  for (let length = 1; length <= 4 && at + length <= bytes.length; length += 1) {
    if (isUtf8(bytes.subarray(at, at + length))) return length
  }
  return 0
}

/** Returns what a command needs to name a key: the text itself, or its bytes if some of them are no UTF-8. */
export function encodeKey(key: string): string | Buffer {
  // Strings of one byte a character, which nearly all keys are, are told at once.
  if (key.isWellFormed() || !ESCAPED.test(key)) return key
  const pieces = key.match(PIECES) ?? []
  return Buffer.concat(
    pieces.map((piece) =>
      ESCAPED.test(piece) ? Buffer.from([piece.charCodeAt(0) - ESCAPE]) : Buffer.from(piece),
    ),
  )
}

/** Returns the bytes of a key. */
export function bytesOfKey(key: string): Buffer {
  const encoded = encodeKey(key)
  return typeof encoded === 'string' ? Buffer.from(encoded) : encoded
}
