/** A pin that its process has forgotten is told by the epochs of the records, where all are of one process. */
import { describe, expect, it, onTestFinished } from 'vitest'
import { startTestApp } from '../support/app.js'
import { mirrors } from '../support/generations.js'

// Nobody listens there: the epochs stand in the cache.
const NODE = 'http://127.0.0.1:9'
const HASH = (n: number) => n.toString(16).padStart(64, '0')

/** Stores one recorded pin under a session for each of these epochs; the last one was written last. */
async function start(urls: string, epochs: readonly unknown[], expiresLater = (n: number) => n) {
  const service = await startTestApp({
    database: 'process-memory',
    redis: 'empty',
    env: urls === '' ? {} : { GATEWAY_URLS: urls, GATEWAY_TOKEN: 'ae-token' },
  })
  onTestFinished(service.close)
  const [mirror] = mirrors('process-memory', Date.now()).filter(({ key }) => /:v2:.*:codex:/.test(key))
  if (!mirror) throw new Error('The dump has a session of codex.')
  const seconds = Math.floor(Date.now() / 1_000)
  for (const [n, epoch] of epochs.entries()) {
    const value = { ...JSON.parse(mirror.value), scheduler_affinity_epoch: epoch }
    value.expire_at = seconds + 200 + expiresLater(n)
    await service.redis
      .client()
      .set(mirror.key.replace(/[0-9a-f]{64}$/, HASH(n)), JSON.stringify(value), 'EX', 900)
  }
  const read = async (filter: object) => {
    const { data, errors } = await service.query(
      `query ($filter: AffinityFilter) { affinities(first: 100, filter: $filter, orderBy: {field: EXPIRES_AT, direction: ASC}) {
        totalCount nodes { sessionHash staleReasons } } }`,
      { filter },
    )
    expect(errors).toEqual([])
    return data.affinities
  }
  await expect.poll(async () => (await read({})).totalCount, { timeout: 8_000 }).toBe(epochs.length)
  return async () => {
    const { nodes } = await read({})
    const single = nodes
      .filter(({ staleReasons }: { staleReasons: string[] }) => staleReasons.includes('SUPERSEDED'))
      .map(({ sessionHash }: { sessionHash: string }) => Number.parseInt(sessionHash, 16))
    const filtered = await read({ staleReasons: ['SUPERSEDED'] })
    expect(
      filtered.nodes.map(({ sessionHash }: { sessionHash: string }) => Number.parseInt(sessionHash, 16)),
    ).toEqual(single)
    expect(filtered.totalCount).toBe(single.length)
    return single
  }
}

describe('a record of another epoch', () => {
  it('is superseded beside one node, by the record that expires last', async () => {
    const superseded = await start(NODE, [62, 60, 61, 62, 'new', null, 1.5, 62])
    // An epoch that is no integer is not known, and is no reason.
    expect(await superseded()).toEqual([1, 2])
  })

  it('is superseded whether its epoch is larger or smaller: a new process counts anew', async () => {
    expect(await (await start(NODE, [62, 3, 62, 0]))()).toEqual([0, 1, 2])
  })

  it('is not told beside several nodes, or none', async () => {
    expect(await (await start(`${NODE},http://127.0.0.1:11`, [62, 60]))()).toEqual([])
    expect(await (await start('', [62, 60]))()).toEqual([])
  })

  it('is not told among the records that expire last together', async () => {
    expect(await (await start(NODE, [60, 61, 62], (n) => (n === 0 ? 0 : 1)))()).toEqual([0])
  })
})
