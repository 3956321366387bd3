import { expect, it } from 'vitest'
import { printableBytes, printableJson } from '../../src/cli/terminal.js'

/** Every character but halves of one, which UTF-8 does not have. */
const CHARACTERS = Array.from({ length: 0x110000 }, (_, code) => code).filter(
  (code) => code < 0xd800 || code > 0xdfff,
)

it('JSON in UTF-8 is as printable as its text, for every character', () => {
  const wrong = CHARACTERS.filter((code) => {
    const json = `"${String.fromCodePoint(code)}"`
    return !Buffer.from(printableBytes(Buffer.from(json))).equals(Buffer.from(printableJson(json)))
  })
  expect(wrong).toEqual([])
}, 60_000)

it('JSON that is no UTF-8 is written as the text that it is read as', () => {
  const bytes = Buffer.from([0x22, 0x9b, 0x33, 0x31, 0x6d, 0xe5, 0xbc, 0x22])
  expect(Buffer.from(printableBytes(bytes)).toString()).toBe('"\ufffd31m\ufffd"')
})

it('most names are passed on as they came', () => {
  const json = Buffer.from('{"name":"Zoë 张伟，数据（一）：“好” 😀"}')
  expect(printableBytes(json)).toEqual(json)
})
