import pino from 'pino'
import pretty from 'pino-pretty'
import { describe, expect, it } from 'vitest'
import { shortRequest } from '../../src/log/request-lines.js'

/** What a person reads of a line, as `main.ts` puts it together. */
function shown(facts: object, message: string): string {
  let text = ''
  const factory = pretty.prettyFactory({ colorize: false, singleLine: true, translateTime: 'SYS:HH:MM:ss' })
  const log = pino(
    { base: null, timestamp: pino.stdTimeFunctions.isoTime, hooks: { streamWrite: shortRequest } },
    { write: (line) => (text += factory(line)) },
  )
  log.info(facts, message)
  return text
}

const REQUEST = {
  requestId: '5e31d593-a0ae-4164-a3dc-b589c032286c',
  operation: '{ affinities }',
  kind: 'query',
  viewer: 'demo',
  address: '127.0.0.1',
  durationMs: 33.5,
  status: 200,
}

describe('a request in a terminal', () => {
  it('is one line of 120 columns', () => {
    expect(shown(REQUEST, 'request').length).toBeLessThanOrEqual(120)
    expect(shown(REQUEST, 'request')).toMatch(
      /^\[\d\d:\d\d:\d\d\] INFO: query \{ affinities \} 200 in 33\.5 ms, demo from 127\.0\.0\.1, 5e31d593-[\da-f-]{27}\n$/,
    )
    const operation = `An${'VeryLong'.repeat(10)}Name`
    expect(shown({ ...REQUEST, operation }, 'request')).toMatch(/ query An(VeryLong){4}VeryL… 200 in /)
  })

  it('has the codes of its errors, and nobody where no token was sent', () => {
    const refused = { ...REQUEST, viewer: null, errorCodes: ['UNAUTHENTICATED'], status: 401 }
    expect(shown(refused, 'request')).toContain(' 401 UNAUTHENTICATED in 33.5 ms, nobody from ')
    const early = { ...REQUEST, operation: undefined, kind: undefined, status: 413 }
    expect(shown(early, 'request')).toContain('INFO: request 413 in ')
  })

  it('stays one line whatever a name holds', () => {
    const text = shown({ ...REQUEST, viewer: 'a\nb\u001b[31m\r\u2028' }, 'request')
    expect(text.trim()).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u)
  })

  it('is told from lines that only speak of requests', () => {
    expect(shown({ key: '"msg":"request"' }, 'a cached affinity cannot be read')).toContain('"key"')
  })
})
