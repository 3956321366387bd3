/** A clock that jumps, as after a suspended machine or a wrong time server. */
import { describe, expect, it } from 'vitest'
import { clear, countKeys, FIXTURE_AFFINITIES, seen } from '../api/clearing.js'
import { FIXTURE_ADMIN } from '../support/fixtures.js'
import { PROVIDER, recordOf, startBehindProxy } from './behind-proxy.js'

const HOUR_MS = 3_600_000
const LOGIN =
  'mutation ($e: String!, $p: String!) { login(email: $e, password: $p) { ... on Session { token } } }'

function jumping() {
  let offset = 0
  return {
    now: () => Date.now() + offset,
    jump(ms: number) {
      offset += ms
    },
  }
}

describe('a clock that jumps', () => {
  it.each([
    ['ahead by a day', 24 * HOUR_MS],
    ['back by a day', -24 * HOUR_MS],
  ])('%s: no record is lost, since Redis decides what is alive, and none comes back', async (_, ms) => {
    const clock = jumping()
    const { service, client } = await startBehindProxy({ now: clock.now, env: { CLEAR_GUARD_SECONDS: '5' } })
    await seen(service, '', FIXTURE_AFFINITIES)
    clock.jump(ms)
    // Longer than a round of the index's walk through expired records.
    for (let look = 0; look < 5; look += 1) {
      await seen(service, '', FIXTURE_AFFINITIES)
      await new Promise((resolve) => setTimeout(resolve, 300))
    }
    const { data, errors } = await service.query(
      '{ affinities(first: 1000) { nodes { ttlSeconds expiresAt } } }',
    )
    expect(errors).toEqual([])
    for (const { ttlSeconds } of data.affinities.nodes) expect(ttlSeconds).toBeGreaterThanOrEqual(0)

    await client.set(`cache_affinity:jumped:OPENAI:gpt-5`, recordOf(), 'EX', 3_600)
    await seen(service, '', FIXTURE_AFFINITIES + 1)
    expect(await clear(service, 'clearProviderCache', { providerId: PROVIDER })).toMatchObject({
      clearedCount: 1,
    })
    await seen(service, '', FIXTURE_AFFINITIES)
    expect(await countKeys(client, 'cache_affinity:jumped')).toBe(0)
  })

  it('ends sessions that have expired by it, and takes new ones', async () => {
    const clock = jumping()
    const { service } = await startBehindProxy({ now: clock.now })
    const credentials = { e: FIXTURE_ADMIN.email, p: FIXTURE_ADMIN.password }
    const signIn = async () => (await service.query(LOGIN, credentials, { token: null })).data.login.token
    const nameBy = async (token: string) =>
      (await service.query('{ viewer { name } }', {}, { token })).data?.viewer.name
    const token = await signIn()
    expect(await nameBy(token)).toBe('root')
    clock.jump(13 * HOUR_MS)
    expect(await nameBy(token)).toBeUndefined()
    expect(await nameBy(await signIn())).toBe('root')
    clock.jump(-13 * HOUR_MS)
    expect(await nameBy(token)).toBe('root')
  })
})
