import { expect, it, onTestFinished } from 'vitest'
import { clear, countKeys } from '../api/clearing.js'
import { startTestApp } from '../support/app.js'
import { measured } from '../support/figures.js'
import { promptly } from '../support/promptly.js'
import { startSentinel } from '../support/servers/redis-sentinel.js'
import { PROVIDER, recordOf } from './behind-proxy.js'

it('during a Sentinel failover queries of the cache get CACHE_UNAVAILABLE, and then work again by themselves', async () => {
  const group = await startSentinel()
  onTestFinished(() => group.stop())
  const gateway = group.master.client()
  for (let n = 0; n < 300; n += 1)
    await gateway.set(`cache_affinity:a-${n}:OPENAI:gpt-5`, recordOf(), 'EX', 3_600)
  await gateway.wait(1, 5_000)
  const service = await startTestApp({
    redis: 'empty',
    env: {
      REDIS_URL: '',
      REDIS_SENTINELS: group.sentinels.map(({ host, port }) => `${host}:${port}`).join(),
      REDIS_SENTINEL_NAME: group.name,
      CLEAR_GUARD_SECONDS: '0',
    },
  })
  onTestFinished(() => service.close())
  const total = async () => {
    const { data, errors } = await promptly(() => service.query('{ affinities { totalCount } }'))
    return data?.affinities.totalCount ?? errors[0]?.extensions['code']
  }
  await expect.poll(total).toBe(300)

  const before = group.master.port
  await group.master.kill()
  expect(await promptly(() => clear(service, 'clearProviderCache', { providerId: PROVIDER }))).toMatchObject({
    code: expect.stringMatching(/^(CACHE_UNAVAILABLE|OUTCOME_UNKNOWN)$/),
    clearedCount: 0,
  })
  const answers = new Set<unknown>()
  await measured('Sentinel, its master killed: lists again', async () => {
    await group.untilMasterIsNot(before)
    const look = async () => {
      const answer = await total()
      answers.add(answer)
      return answer
    }
    await expect.poll(look, { timeout: 20_000 }).toBe(300)
  })
  answers.delete(300)
  expect([...answers].filter((answer) => answer !== 'CACHE_UNAVAILABLE')).toEqual([])
  const onNewMaster = group.replica.client()
  expect(await countKeys(onNewMaster, 'cache_affinity:')).toBe(300)
  expect(await clear(service, 'clearProviderCache', { providerId: PROVIDER })).toMatchObject({
    clearedCount: 300,
  })
  expect(await countKeys(onNewMaster, 'cache_affinity:')).toBe(0)
}, 60_000)
