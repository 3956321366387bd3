/** A clear with many subscribers: sending events to them must not delay the clear itself. */
import { expect, it } from 'vitest'
import { clear } from '../api/clearing.js'
import { listening } from '../attacks/http.js'
import { ADMIN_TOKEN, VIEWER_TOKEN } from '../support/app.js'
import { PROVIDER, recordOf } from './behind-proxy.js'

const RECORDS = 4_000
const READERS = 40
const EVENTS = 'subscription { affinityEvents { type affinity { id } } }'

it('a clear of 4,000 records with 40 subscribers is completed, and each subscriber gets every event', async () => {
  const server = await listening({ redis: 'empty' })
  const pipeline = server.service.redis.client().pipeline()
  for (let n = 0; n < RECORDS; n += 1) pipeline.set(`cache_affinity:a-${n}:OPENAI:gpt-5`, recordOf())
  await pipeline.exec()
  const total = async () =>
    (await server.service.query('{ affinities { totalCount } }')).data.affinities.totalCount
  await expect.poll(total).toBe(RECORDS)
  const heard = Array.from({ length: READERS }, () => 0)
  for (let n = 0; n < READERS; n += 1) {
    const stream = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        authorization: `Bearer ${n % 2 === 0 ? ADMIN_TOKEN : VIEWER_TOKEN}`,
      },
      body: JSON.stringify({ query: EVENTS }),
    })
    void count(stream, () => {
      heard[n] = (heard[n] ?? 0) + 1
    })
  }
  expect(await clear(server.service, 'clearProviderCache', { providerId: PROVIDER })).toMatchObject({
    clearedCount: RECORDS,
  })
  await expect.poll(() => Math.min(...heard), { timeout: 60_000 }).toBe(RECORDS)
})

/** Calls back for each event, until the stream is cut. */
async function count({ body }: Response, each: () => void): Promise<void> {
  const decoder = new TextDecoder()
  let line = ''
  try {
    for await (const chunk of body ?? []) {
      const lines = (line + decoder.decode(chunk, { stream: true })).split('\n')
      line = lines.pop() ?? ''
      for (const text of lines) if (text === 'event: next') each()
    }
  } catch {
    // The test has ended, or what is missing tells.
  }
}
