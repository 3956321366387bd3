import { isUtf8 } from 'node:buffer'

/**
 * The names of Redis's keys are bytes, which are UTF-8 nearly always, but need not be. As text, each byte that is not part of
 * UTF-8 becomes a lone surrogate, U+DC80 to U+DCFF: no two keys have the same text, and the text leads back to the key.
 */
const FIRST_SURROGATE = 0xdc00
const REPLACEMENT = '\ufffd'
const LONE_SURROGATE = /\p{Surrogate}/u
const BYTE = /([\udc80-\udcff])/u

/** Returns the text of a key. */
export function keyText(bytes: Buffer): string {
  const text = bytes.toString()
  // Only what is not UTF-8, or this very character, comes out as it.
  if (!text.includes(REPLACEMENT) || isUtf8(bytes)) return text
  const parts: string[] = []
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes, at)
    parts.push(
      length === 0
        ? String.fromCharCode(FIRST_SURROGATE + (bytes[at] ?? 0))
        : bytes.toString('utf8', at, at + length),
    )
    at += length || 1
  }
  return parts.join('')
}

/** Returns the bytes of the character at an index; 0 if no character of UTF-8 begins there. */
function characterLength(bytes: Buffer, at: number): number {
  const lead = bytes[at] ?? 0
  const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
  return at + length <= bytes.length && isUtf8(bytes.subarray(at, at + length)) ? length : 0
}

/** Returns a key, by its text, as the argument of a command. */
export function keyArgument(text: string): string | Buffer {
  if (!LONE_SURROGATE.test(text)) return text
  const parts = text.split(BYTE)
  return Buffer.concat(
    parts.map((part, index) =>
      index % 2 === 0 ? Buffer.from(part) : Buffer.of(part.charCodeAt(0) - FIRST_SURROGATE),
    ),
  )
}

/** Whether a text is that of a key: what a client sends may hold surrogates that stand for no byte. */
export function isKeyText(text: string): boolean {
  const argument = keyArgument(text)
  return typeof argument === 'string' || keyText(argument) === text
}
