import { describe, expect, it } from 'vitest'
import { isolatedText, shownJson, shownText } from '../../web/src/components/shown-text.js'

/** It turns what follows around, so that `txt.exe` looks like `exe.txt`. */
const TURNED = 'a\u202etxt.exe'

describe('a name on the screen', () => {
  it.each([
    ['a turned one', TURNED, 'a\ufffdtxt.exe'],
    ['one with hidden letters', 'ad\u200bmin', 'ad\ufffdmin'],
    ['one with line breaks', 'a\nb\u2028c\u0085d', 'a\ufffdb\ufffdc\ufffdd'],
    ['one with an isolate of its own', '\u2067a', '\ufffda'],
    ['an honest one in any script', '张伟 שלום مرحبا ñ 😀', '张伟 שלום مرحبا ñ 😀'],
  ])('shows of %s the letters alone', (_which, name, shown) => {
    expect(shownText(name)).toBe(shown)
  })
})

describe('a name in a sentence', () => {
  it('is left as it is where it runs from left to right', () => {
    for (const name of ['alice', '张伟', '12 (a)']) expect(isolatedText(name)).toBe(name)
  })

  it('keeps its direction to itself where it runs from right to left', () => {
    expect(isolatedText('שלום (1)')).toBe('\u2068שלום (1)\u2069')
  })

  it('is isolated once, however many sentences it is put into', () => {
    const inner = `Provider: ${isolatedText('שלום')}`
    expect(isolatedText(inner)).toBe(inner)
  })

  it('does not get out of a sentence by isolates without an end', () => {
    for (const name of [TURNED, '\u2067a', 'a\u2069b', '\u2069\u2068'])
      expect(isolatedText(name)).toBe(shownText(name))
  })
})

describe('recorded details', () => {
  it('keep what they have as escapes', () => {
    expect(JSON.parse(shownJson({ name: TURNED }))).toEqual({ name: TURNED })
    expect(shownJson({ name: TURNED })).toContain('a\\u202etxt')
  })
})
