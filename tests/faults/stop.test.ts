/** Tests of a clear that is running when the service stops. */
import { describe, expect, it } from 'vitest'
import { listen } from '../../src/server/http/http-server.js'
import { sql } from '../api/affinity-model.js'
import { clear, clearDocument } from '../api/clearing.js'
import { ADMIN_TOKEN } from '../support/app.js'
import { PROVIDER, recordOf, startBehindProxy } from './behind-proxy.js'

const RECORDS = 300

/** A service that listens, with a clear whose first delete is held on its way to Redis. */
async function withHeldClear() {
  const { service, proxy, client } = await startBehindProxy({ records: RECORDS })
  const server = await listen(service.app, '127.0.0.1', 0)
  let release = () => {}
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  const isHeld = new Promise<void>((resolve) => {
    proxy.onCommand(['removal'], () => {
      resolve()
      return released
    })
  })
  const reply = fetch(`${server.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_TOKEN}` },
    body: JSON.stringify({
      query: clearDocument('clearProviderCache'),
      variables: { providerId: PROVIDER },
    }),
  })
  const cut = reply.then(
    () => 'answered',
    () => 'cut',
  )
  await isHeld
  const rows = () => sql(service.databaseUrl, 'SELECT event_type, event_metadata FROM audit_logs')
  return { service, server, client, release, cut, rows }
}

describe('a clear that runs when the service stops', () => {
  it('is completed with its outcome, even if it takes longer than the drain of connections', async () => {
    const { service, server, client, release, cut, rows } = await withHeldClear()
    await server.close(0)
    expect(await cut).toBe('cut')
    const closed = service.app.close()
    release()
    await closed
    expect(await rows()).toMatchObject([
      {
        event_type: 'request_success',
        event_metadata: { outcome: 'done', result: { clearedCount: RECORDS } },
      },
    ])
    expect(await client.exists('cache_affinity:a-0:OPENAI:gpt-5', 'cache_affinity:a-299:OPENAI:gpt-5')).toBe(
      0,
    )
    expect(service.logs.map(({ msg }) => msg)).toContain('the stop waits for clears that run')
  })

  it('has its outcome written if it is ended at once: how many records were cleared, and that more may have been', async () => {
    const { service, server, release, rows } = await withHeldClear()
    await service.app.endClears()
    expect(await rows()).toMatchObject([
      {
        event_type: 'request_failed',
        event_metadata: { outcome: 'done', result: { clearedCount: 0, code: 'OUTCOME_UNKNOWN' } },
      },
    ])
    release()
    await server.close(0)
  })
})

describe('a clear whose guard window is open when the service stops', () => {
  it('is guarded until the window closes, and its event then says how many are back', async () => {
    const { service, client } = await startBehindProxy({ records: 2, env: { CLEAR_GUARD_SECONDS: '4' } })
    const [mine, other] = ['cache_affinity:a-0:OPENAI:gpt-5', 'cache_affinity:a-1:OPENAI:gpt-5']
    const cleared = await client.mget(mine, other)
    await clear(service, 'clearProviderCache', { providerId: PROVIDER })
    service.app.startDraining()
    const closed = service.app.close()
    await client.set(mine, cleared[0] ?? '', 'EX', 3_600)
    await expect.poll(() => client.exists(mine)).toBe(0)
    await client.set(other, recordOf(), 'EX', 3_600)
    await closed
    expect(await client.exists(mine, other)).toBe(1)
    expect(await sql(service.databaseUrl, 'SELECT event_metadata FROM audit_logs')).toMatchObject([
      { event_metadata: { outcome: 'done', result: { clearedCount: 2, writtenBack: 0 } } },
    ])
    expect(service.logs.map(({ msg }) => msg)).toContain('the stop waits for guard windows')
  })
})
