/** A clear that many subscribers hear of: what they are told must not keep the clear itself from its answers. */
import { expect, it } from 'vitest'
import { clear } from '../api/clearing.js'
import { listening } from '../attacks/http.js'
import { ADMIN_TOKEN, VIEWER_TOKEN } from '../support/app.js'
import { PROVIDER, recordOf } from './behind-proxy.js'

const RECORDS = 1_500
const EVENTS = 'subscription { affinityEvents { type affinity { id } } }'

it('of 1,500 records with 80 subscribers to every event is done', async () => {
  const server = await listening({ redis: 'empty' })
  const pipeline = server.service.redis.client().pipeline()
  for (let n = 0; n < RECORDS; n += 1) pipeline.set(`cache_affinity:a-${n}:OPENAI:gpt-5`, recordOf())
  await pipeline.exec()
  const total = async () =>
    (await server.service.query('{ affinities { totalCount } }')).data.affinities.totalCount
  await expect.poll(total).toBe(RECORDS)
  for (let n = 0; n < 80; n += 1) {
    const stream = await fetch(`${server.url}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        authorization: `Bearer ${n % 2 === 0 ? ADMIN_TOKEN : VIEWER_TOKEN}`,
      },
      body: JSON.stringify({ query: EVENTS }),
    })
    void stream.text().catch(() => {})
  }
  expect(await clear(server.service, 'clearProviderCache', { providerId: PROVIDER })).toMatchObject({
    clearedCount: RECORDS,
  })
})
