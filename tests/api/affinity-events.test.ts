import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { STREAM_LIMITS } from '../../src/util/open-streams.js'
import { ADMIN_TOKEN, startTestApp, type TestApp, type TestAppOptions } from '../support/app.js'
import { writePin } from '../support/pin.js'
import { sql } from './affinity-model.js'

const ANTHROPIC = '42a90167-8c53-4a24-b4e4-2b0c84578881'

const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 10_000, interval: 20 })

const EVERY_EVENT = 'subscription { affinityEvents { type affinity { affinityKey } } }'

/** A subscription, to every event where nothing else is said, read as it comes. */
async function subscribe({ app }: TestApp, query = EVERY_EVENT) {
  const controller = new AbortController()
  onTestFinished(() => controller.abort())
  const response = await app.yoga.fetch(
    'http://localhost/graphql',
    {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        authorization: `Bearer ${ADMIN_TOKEN}`,
      },
      body: JSON.stringify({ query }),
      signal: controller.signal,
    },
    { clientAddress: '127.0.0.1' },
  )
  const said = { text: '', hasEnded: false }
  const reading = (async () => {
    for await (const chunk of response.body ?? []) said.text += Buffer.from(chunk).toString()
    said.hasEnded = true
  })()
  reading.catch(() => {})
  return {
    answers: () =>
      [...said.text.matchAll(/^event: next\ndata: (.+)$/gm)].map(([, json = '']) => JSON.parse(json)),
    hasEnded: () => said.hasEnded,
  }
}

const start = async (options: TestAppOptions = {}) => {
  const service = await startTestApp({ redis: 'empty', ...options })
  onTestFinished(() => service.close())
  return service
}

const pin = ({ redis }: TestApp, affinityKey: string) => writePin(redis.client(), { affinityKey })

const codeOf = (answer: { errors?: { extensions: { code: string } }[] } | undefined) =>
  answer?.errors?.[0]?.extensions.code

describe('affinityEvents', () => {
  it('end in an error when changes are not seen any more, after those that were', async () => {
    const service = await start()
    const stream = await subscribe(service)
    await pin(service, 'before')
    await until(() => expect(stream.answers()).toHaveLength(1))
    await service.redis.kill()
    await until(() => expect(stream.hasEnded()).toBe(true))
    const [event, end, ...more] = stream.answers()
    expect(event.data.affinityEvents).toEqual({ type: 'CREATED', affinity: { affinityKey: 'before' } })
    expect(codeOf(end)).toBe('CACHE_UNAVAILABLE')
    expect(end.errors[0].message).toContain('listen again')
    expect(more).toEqual([])
  })

  it('are refused while changes are not seen, and given again afterwards', async () => {
    const service = await start()
    service.redis.pause()
    const isFollowed = async () =>
      (await service.query('{ affinities(first: 1) { totalCount } }')).errors.length === 0
    await until(async () => expect(await isFollowed()).toBe(false))
    const refused = await subscribe(service)
    await until(() => expect(codeOf(refused.answers()[0])).toBe('CACHE_UNAVAILABLE'))
    expect(refused.answers()).toHaveLength(1)

    service.redis.resume()
    await until(async () => expect(await isFollowed()).toBe(true))
    const stream = await subscribe(service)
    await until(async () => {
      await pin(service, `after-${Date.now()}`)
      expect(stream.answers()[0]?.data?.affinityEvents.type).toBe('CREATED')
    })
  })

  it('are refused where the cache is only scanned: nobody would see any', async () => {
    const service = await start({ env: { AFFINITY_INDEX: 'off' } })
    const stream = await subscribe(service)
    await until(() => expect(stream.hasEnded()).toBe(true))
    expect(codeOf(stream.answers()[0])).toBe('CACHE_UNAVAILABLE')
    expect(stream.answers()[0].errors[0].message).toContain('AFFINITY_INDEX')
  })

  it('that are refused count as closed: not one of many attempts is too many', async () => {
    const service = await start({ env: { AFFINITY_INDEX: 'off' } })
    for (let n = 0; n <= STREAM_LIMITS.perViewer; n += 1) {
      const stream = await subscribe(service)
      await until(() => expect(stream.hasEnded()).toBe(true))
      expect(codeOf(stream.answers()[0])).toBe('CACHE_UNAVAILABLE')
    }
  })
})

describe('a subscription that goes on', () => {
  it('shows the rows of the database as they have become', async () => {
    const service = await start()
    const rename = (name: string) =>
      sql(service.databaseUrl, 'UPDATE providers SET display_name = $1 WHERE id = $2', [name, ANTHROPIC])
    await rename('Before')
    const stream = await subscribe(
      service,
      'subscription { affinityEvents { affinity { provider { displayName } } } }',
    )
    const shown = async () => {
      await writePin(service.redis.client(), { affinityKey: `a-${Date.now()}`, providerId: ANTHROPIC })
      return stream.answers().at(-1)?.data.affinityEvents.affinity.provider.displayName
    }
    await until(async () => expect(await shown()).toBe('Before'))
    await rename('After')
    await until(async () => expect(await shown()).toBe('After'))
  })

  it.each(['on', 'off'])('counts what is there now, with AFFINITY_INDEX=%s', async (index) => {
    const service = await start({ env: { AFFINITY_INDEX: index } })
    const stream = await subscribe(
      service,
      'subscription { cacheStats(intervalSeconds: 1) { totalAffinities } }',
    )
    const counted = () => stream.answers().at(-1)?.data.cacheStats.totalAffinities
    await until(() => expect(counted()).toBe(0))
    await pin(service, 'a')
    await until(() => expect(counted()).toBe(1))
  })
})
