/**
 * What one request without a token may cost, over HTTP: the processor's time, the bytes of the answer, and the memory that is
 * kept. bench/anonymous.ts searches for longer than the last test here.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Affinities } from '../../src/client/generated/operations.js'
import { ERROR_LIMITS } from '../../src/server/limits/use-bounded-errors.js'
import { DOCUMENT_LIMITS } from '../../src/server/limits/use-limits.js'
import { PRODUCTION } from '../support/app.js'
import { type AnonymousRequest, costOf, excessOf, searchCostliest, seeded } from './anonymous-requests.js'
import { JSON_TYPE, type Listening, startListening } from './http.js'
import { codesOf, errorsOf, expectRefusal, openEvents, type Reply, repeat } from './support.js'

/** Milliseconds of the processor's time. What is right takes less than 20. */
const MOST_MS = 100
/** Bytes for each of the requests that a memory test sends; a parsed document of 1,000 tokens takes 500,000. */
const MOST_KEPT = 50_000

const bare = { database: 'schema', redis: 'empty' } as const

let server: Listening
/** It runs registered documents only. */
let trusting: Listening
beforeAll(async () => {
  server = await startListening({ ...bare, env: PRODUCTION })
  trusting = await startListening({ ...bare, env: { ...PRODUCTION, TRUSTED_DOCUMENTS_ONLY: 'true' } })
})
afterAll(async () => {
  await server.close()
  await trusting.close()
})

const sendTo =
  ({ send }: Listening) =>
  ({ headers = JSON_TYPE, ...request }: AnonymousRequest): Promise<Reply> =>
    send({ ...request, headers, token: null })

/** Sends a request three times, and expects that its answer is short and that one of the three was cheap. */
async function cheap(to: Listening, operation: object): Promise<Reply> {
  const request = { body: JSON.stringify(operation) }
  const replies: Reply[] = []
  const costs: number[] = []
  for (let run = 0; run < 3; run += 1) {
    const cost = await costOf(request, async (sent) => {
      const reply = await sendTo(to)(sent)
      replies.push(reply)
      return reply
    })
    costs.push(cost.busyMs)
    expect(excessOf(cost)).toBeLessThanOrEqual(1)
    if (cost.busyMs > 20 * MOST_MS) break
  }
  expect(Math.min(...costs)).toBeLessThan(MOST_MS)
  return replies[0] as Reply
}

function expectFewShortErrors(reply: Reply): void {
  expect(errorsOf(reply).length).toBeLessThanOrEqual(ERROR_LIMITS.refusals)
  for (const { message } of errorsOf(reply))
    expect(message.length).toBeLessThanOrEqual(ERROR_LIMITS.messageCharacters)
}

/** Fifty unknown fields; one of them is a text that a pattern for suggestions finds again and again. */
const SUGGESTIVE = {
  ...Object.fromEntries(Array.from({ length: 49 }, (_, n) => [`f${n}`, 1])),
  long: 'Did you mean '.repeat(6_900),
}

describe('variables with fifty errors, each of which would repeat 90 kB', () => {
  it.each<[string, () => Listening, object]>([
    [
      'of a query',
      () => server,
      {
        query: 'query($f: AffinityFilter) { affinities(filter: $f) { totalCount } }',
        variables: { f: SUGGESTIVE },
      },
    ],
    [
      'of a subscription',
      () => server,
      {
        query: 'subscription($f: AffinityFilter) { affinityEvents(filter: $f) { type } }',
        variables: { f: SUGGESTIVE },
      },
    ],
    [
      'of a registered document',
      () => trusting,
      { query: Affinities.text, variables: { filter: SUGGESTIVE } },
    ],
  ])('%s', async (_, to, operation) => {
    const reply = await cheap(to(), operation)
    expectRefusal(reply, 'BAD_USER_INPUT')
    expectFewShortErrors(reply)
  })

  it('of a subscription in an event stream', async () => {
    const body = JSON.stringify({
      query: 'subscription($f: AffinityFilter) { affinityEvents(filter: $f) { type } }',
      variables: { f: SUGGESTIVE },
    })
    const stream = await openEvents(server.service.app, { body, token: null })
    expect((await stream.text()).length).toBeLessThan(10_000)
  })

  it.each([
    [
      'a variable that is no filter',
      {
        query: 'query($f: AffinityFilter) { affinities(filter: $f) { totalCount } }',
        variables: { f: 'x'.repeat(90_000) },
      },
    ],
    ['an operation that does not exist', { query: '{ __typename }', operationName: 'x'.repeat(90_000) }],
    ['a parameter that does not exist', { query: '{ __typename }', ['x'.repeat(90_000)]: 1 }],
    ['a text that ends too early', { query: `{ viewer { ${'x'.repeat(30_000)}` }],
    ['a string where a name belongs', { query: `{ "${'x'.repeat(30_000)}" }` }],
    ['a field that does not exist', { query: `{ ${'x'.repeat(30_000)} }` }],
    ['an argument that does not exist', { query: `{ affinities(${'x'.repeat(30_000)}: 1) { totalCount } }` }],
  ])('%s is named by its beginning only', async (_, operation) => {
    const reply = await cheap(server, operation)
    expectFewShortErrors(reply)
    expect(reply.text.length).toBeLessThan(2_000)
  })
})

describe('a document', () => {
  const unknown = repeat(300, (n) => `f${n}`)

  it('with 300 unknown fields has five errors, the last of which says that there are more', async () => {
    const reply = await cheap(server, { query: `{${'\n'.repeat(1_900)}${unknown}}` })
    expectRefusal(reply, 'GRAPHQL_VALIDATION_FAILED')
    expect(errorsOf(reply)).toHaveLength(ERROR_LIMITS.refusals)
    expect(errorsOf(reply).at(-1)?.message).toContain('Too many validation errors')
  })

  it.each([
    ['line feeds', '\n'],
    ['carriage returns', '\r'],
  ])('is refused before it is parsed if it has 31,000 lines, by %s', async (_, end) => {
    const reply = await cheap(server, { query: `{${end.repeat(31_000)}${unknown}}` })
    expectRefusal(reply, 'BAD_USER_INPUT')
    expect(reply.text).toContain(`more than ${DOCUMENT_LIMITS.lines} lines`)
  })

  it('may have as many lines as it has tokens, of both kinds of line ends', async () => {
    const query = `{${'\r\n'.repeat(DOCUMENT_LIMITS.lines - 2)}\n__typename}`
    expect((await server.post(query, undefined, null)).text).toContain('"__typename":"Query"')
  })

  it('may have some comments, but not thousands', async () => {
    const commented = (count: number) => `${'#\n'.repeat(count)}{__typename}`
    expect((await server.post(commented(DOCUMENT_LIMITS.comments), undefined, null)).status).toBe(200)
    const reply = await server.post(commented(DOCUMENT_LIMITS.comments + 1), undefined, null)
    expectRefusal(reply, 'GRAPHQL_PARSE_FAILED')
  })

  it('with a thousand fields in a fragment that nobody spreads is not compared field by field', async () => {
    const query = `{__typename} fragment F on Query{${repeat(950, () => '__typename')}}`
    expectRefusal(await cheap(server, { query }), 'GRAPHQL_VALIDATION_FAILED')
  })
})

describe('an answer', () => {
  it('leaves errors out beyond 10 kB, and says so', async () => {
    const alias = (n: number) => `a${n}${'x'.repeat(900)}`
    const reply = await cheap(server, {
      query: `{${repeat(30, (n) => `${alias(n)}:auditEvent(id:"1"){id}`)}}`,
    })
    const { errors } = JSON.parse(reply.text)
    expect(JSON.stringify(errors).length).toBeLessThan(ERROR_LIMITS.answer.characters + 500)
    expect(errors.at(-1).message).toMatch(/^\d+ more errors are left out\.$/)
    expect(new Set(codesOf(reply))).toEqual(new Set(['UNAUTHENTICATED']))
  })

  it('has every error of thirty aliases of an ordinary length', async () => {
    const reply = await cheap(server, { query: `{${repeat(30, (n) => `a${n}:auditEvent(id:"1"){id}`)}}` })
    expect(errorsOf(reply)).toHaveLength(30)
  })
})

it('nothing is kept of what is sent without a token', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const sent: readonly (readonly [to: Listening, text: (n: number) => string])[] = [
    // They run, are refused, cannot be parsed, consist of comments, and are forms of a registered one.
    [server, (n) => `query Q${n} {${repeat(390, () => '__typename')}}`],
    [server, (n) => `query Q${n} {${repeat(900, (m) => `f${m}`)}}`],
    [server, (n) => `query Q${n} {${'x'.repeat(30_000)}`],
    [server, (n) => `#${n}\n${'#\n'.repeat(1_900)}{__typename}`],
    [trusting, (n) => `#${n}${'c'.repeat(8_000)}\n${Affinities.text}`],
  ]
  const sendAll = async (from: number, to: number) => {
    for (let n = from; n < to; n += 1)
      for (const [listening, text] of sent) await listening.post(text(n), undefined, null)
  }
  await sendAll(0, 4)
  collect()
  const before = process.memoryUsage().heapUsed
  await sendAll(4, 20)
  collect()
  expect((process.memoryUsage().heapUsed - before) / (16 * sent.length)).toBeLessThan(MOST_KEPT)
})

describe('a search for the costliest request', () => {
  it('finds none that is dear', async () => {
    let attempts = 20
    const { byFamily } = await searchCostliest(sendTo(server), () => attempts-- > 0, seeded(14))
    // Some are longer than a body may be at their largest.
    expect(byFamily.size).toBeGreaterThan(30)
    for (const found of byFamily.values()) {
      expect(found.busyMs, JSON.stringify(found)).toBeLessThan(MOST_MS)
      expect(excessOf(found), JSON.stringify(found)).toBeLessThanOrEqual(1)
    }
  })
})
