import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { listen } from '../../src/server/http/http-server.js'
import { ADMIN_TOKEN, startTestApp, type TestApp } from '../support/app.js'

let service: TestApp

beforeAll(async () => {
  service = await startTestApp({ env: { MAX_OPERATIONS: '10' } })
})
afterAll(() => service.close())

const LIST = '{ affinities(first: 100) { nodes { id user { username } provider { name } } } }'
const operation = (query = LIST): RequestInit => ({
  method: 'POST',
  headers: {
    'content-type': 'application/json',
    accept: 'application/json',
    authorization: `Bearer ${ADMIN_TOKEN}`,
  },
  body: JSON.stringify({ query }),
})

/** Sends so many lists in one turn of the event loop. */
const crowd = (send: (init: RequestInit) => Response | Promise<Response>, count: number) =>
  Promise.all(
    Array.from({ length: count }, async () => {
      const response = await send(operation())
      return { response, body: (await response.json()) as Body }
    }),
  )

interface Body {
  readonly data?: { readonly affinities: object } | null
  readonly errors?: readonly { readonly message: string; readonly extensions: { readonly code: string } }[]
}

describe('more operations than may be in flight', () => {
  it.each([
    [
      'in the GraphQL server',
      async () => (init: RequestInit) => service.app.yoga.fetch('http://localhost/graphql', init),
    ],
    [
      'over HTTP',
      async () => {
        const server = await listen(service.app, '127.0.0.1', 0)
        // The test's own service goes on, so that its GraphQL server is not disposed of.
        onTestFinished(() => server.close(0))
        return (init: RequestInit) => fetch(`${server.url}/graphql`, init)
      },
    ],
  ])('are answered, or refused with OVERLOADED and nothing else: %s', async (_, open) => {
    const answers = await crowd(await open(), 60)
    const refused = answers.filter(({ response }) => response.status !== 200)
    expect(refused.length).toBeGreaterThan(0)
    expect(refused.length).toBeLessThanOrEqual(50)
    for (const { response, body } of refused) {
      expect(response.status).toBe(503)
      expect(response.headers.get('retry-after')).toBe('1')
      expect(response.headers.get('x-request-id')).toMatch(/./)
      expect(body.data ?? null).toBeNull()
      expect(body.errors).toMatchObject([{ extensions: { code: 'OVERLOADED' } }])
    }
    for (const { response, body } of answers) if (response.status === 200) expect(body.errors).toBeUndefined()
  })

  it('leave no place taken: afterwards as many are answered as before', async () => {
    await crowd((init) => service.app.yoga.fetch('http://localhost/graphql', init), 60)
    const answers = await crowd((init) => service.app.yoga.fetch('http://localhost/graphql', init), 10)
    expect(answers.map(({ response }) => response.status)).toEqual(Array(10).fill(200))
  })

  it('leave no place taken where clients go before they are answered', async () => {
    const server = await listen(service.app, '127.0.0.1', 0)
    onTestFinished(() => server.close(0))
    for (let round = 0; round < 5; round += 1) {
      const leaving = new AbortController()
      const asked = Array.from({ length: 10 }, () =>
        fetch(`${server.url}/graphql`, { ...operation(), signal: leaving.signal }).catch(() => {}),
      )
      setTimeout(() => leaving.abort(), 2)
      await Promise.all(asked)
    }
    await expect
      .poll(async () =>
        (await crowd((init) => fetch(`${server.url}/graphql`, init), 10)).map(
          ({ response }) => response.status,
        ),
      )
      .toEqual(Array(10).fill(200))
  })
})

describe('probes', () => {
  it('share their questions to the stores: a thousand cost a handful of statements', async () => {
    const probe = async () => (await service.app.yoga.fetch('http://localhost/health/ready')).status
    let statuses: number[] = []
    const redis = service.redis.client()
    onTestFinished(() => redis.disconnect())
    const pings = async () =>
      Number(/cmdstat_ping:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1] ?? 0)
    const before = await pings()
    statuses = await Promise.all(Array.from({ length: 1_000 }, probe))
    for (let n = 0; n < 100; n += 1) statuses.push(await probe())
    expect(new Set(statuses)).toEqual(new Set([200]))
    expect((await pings()) - before).toBeLessThanOrEqual(10)
  })

  it('are answered where every operation is refused', async () => {
    const answers = crowd((init) => service.app.yoga.fetch('http://localhost/graphql', init), 60)
    const [ready, live, metrics] = await Promise.all(
      ['/health/ready', '/health/live', '/metrics'].map((path) =>
        service.app.yoga.fetch(`http://localhost${path}`, {
          headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
        }),
      ),
    )
    expect([ready?.status, live?.status, metrics?.status]).toEqual([200, 200, 200])
    await answers
  })
})
