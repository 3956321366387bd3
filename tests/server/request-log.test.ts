import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startServer, type TestServer } from '../cli/support.js'
import { ADMIN_TOKEN } from '../support/app.js'

let server: TestServer
beforeAll(async () => {
  server = await startServer({ env: { RATE_LIMIT_ADDRESS: '1000' } })
})
afterAll(() => server.close())

let before = 0
beforeEach(() => {
  before = server.logs.length
})
const lines = () => server.logs.slice(before).filter(({ msg }) => msg === 'request')

interface Asked {
  readonly query: string
  readonly token?: string
  readonly accept?: string
}

/** Asks, waits for the first words of the answer, and goes. */
async function ask({ query, token, accept = 'application/graphql-response+json' }: Asked): Promise<number> {
  const cut = new AbortController()
  const response = await fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept,
      ...(token && { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({ query }),
    signal: cut.signal,
  })
  await response.body?.getReader().read()
  cut.abort()
  return response.status
}

const EVENTS = 'text/event-stream'
const common = { address: '127.0.0.1', requestId: expect.any(String), durationMs: expect.any(Number) }

describe('the request log', () => {
  it('has a line for a subscription that succeeds, when its stream begins', async () => {
    const query = 'subscription Watch { cacheStats { totalAffinities } }'
    await ask({ query, token: ADMIN_TOKEN, accept: EVENTS })
    expect(lines()).toEqual([
      expect.objectContaining({
        ...common,
        operation: 'Watch',
        kind: 'subscription',
        viewer: 'tests',
        status: 200,
      }),
    ])
    expect(lines()[0]).not.toHaveProperty('errorCodes')
  })

  it.each<[string, Asked, object]>([
    [
      'a subscription without a token',
      { query: 'subscription { cacheStats { totalAffinities } }', accept: EVENTS },
      { operation: '{ cacheStats }', kind: 'subscription', errorCodes: ['UNAUTHENTICATED'] },
    ],
    [
      'a subscription with a bad token',
      { query: 'subscription { affinityEvents { __typename } }', accept: EVENTS, token: 'no-such-token' },
      { operation: '{ affinityEvents }', kind: 'subscription', errorCodes: ['UNAUTHENTICATED'] },
    ],
    [
      'a document that is not valid',
      { query: 'query Odd { nothingOfOurs }', token: ADMIN_TOKEN },
      { operation: 'Odd', kind: 'query', status: 400, errorCodes: ['GRAPHQL_VALIDATION_FAILED'] },
    ],
    [
      'a subscription that is not valid',
      { query: 'subscription Odd { nothingOfOurs }', token: ADMIN_TOKEN, accept: EVENTS },
      { operation: 'Odd', kind: 'subscription', errorCodes: ['GRAPHQL_VALIDATION_FAILED'] },
    ],
  ])('names operation and address of %s', async (_, asked, expected) => {
    await ask(asked)
    expect(lines()).toEqual([expect.objectContaining({ ...common, viewer: null, ...expected })])
  })

  it('has the address of what cannot be read, and of an address that has spent its budget', async () => {
    await ask({ query: '{', token: ADMIN_TOKEN })
    for (let n = 0; n < 12; n += 1) await ask({ query: '{ viewer { name } }' })
    const seen = lines()
    expect(seen).toHaveLength(13)
    expect(seen.at(-1)).toMatchObject({ ...common, status: 429, errorCodes: ['RATE_LIMITED'] })
    for (const line of seen) expect(line).toMatchObject(common)
  })

  it('has no line of health, and of a console page none', async () => {
    await fetch(`${server.url}/health/live`)
    await fetch(`${server.url}/`, { headers: { accept: 'text/html' } })
    expect(lines()).toEqual([])
  })
})
