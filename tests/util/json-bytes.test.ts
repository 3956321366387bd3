import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { JsonBytes } from '../../src/util/json-bytes.js'

it('any text is written as JSON.stringify writes it, in UTF-8', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 50 })), fc.string(), (texts, half) => {
      const all = [...texts, half, '"\\\u0000\u001f\u007f\u2028张伟😀', '\ud800', '\udfffx']
      const json = new JsonBytes()
      for (const text of all) json.text(text)
      expect(json.whole()).toEqual(Buffer.from(all.map((text) => JSON.stringify(text)).join('')))
    }),
  )
})

it('what was written is written again, also when there was no room', () => {
  const json = new JsonBytes()
  json.ascii('[')
  const start = json.length
  json.text('张伟')
  const part = { start, end: json.length }
  for (let n = 0; n < 10_000; n++) {
    json.ascii(',')
    json.again(part)
  }
  json.raw(Buffer.from(','))
  json.json('{"a":"é"}')
  json.ascii(']')
  expect(JSON.parse(json.whole().toString())).toEqual([...Array(10_001).fill('张伟'), { a: 'é' }])
})
