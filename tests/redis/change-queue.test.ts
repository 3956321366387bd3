import { describe, expect, it, vi } from 'vitest'
import { ChangeQueue } from '../../src/redis/change-queue.js'

/** Reads that end when the test says so. */
function changesOf() {
  const reads: { keys: readonly string[]; end: () => void; fail: (error: Error) => void }[] = []
  const applied: string[] = []
  const told: string[] = []
  const changes = new ChangeQueue({
    read: (keys) =>
      new Promise((resolve, reject) => {
        reads.push({ keys, end: () => resolve({ records: [], broken: [] }), fail: reject })
      }),
    async apply(keys, _batch, isOutdated) {
      applied.push(...keys.filter((key) => !isOutdated(key)))
    },
    failed: (error) => told.push(String(error)),
    recovered: () => told.push('recovered'),
  })
  const read = (n: number) => vi.waitUntil(() => reads[n - 1])
  return { changes, applied, told, read, reads }
}

describe('changed keys', () => {
  it('wait once each, and are read together', async () => {
    const { changes, read } = changesOf()
    changes.resume()
    changes.add(['a', 'b'])
    changes.add(['b', 'c'])
    expect((await read(1)).keys).toEqual(['a', 'b', 'c'])
  })

  it('that change while they are read are read again', async () => {
    const { changes, applied, read } = changesOf()
    changes.resume()
    changes.add(['a'])
    const first = await read(1)
    changes.add(['a'])
    const settled = changes.settled()
    first.end()
    ;(await read(2)).end()
    await settled
    expect(applied).toEqual(['a', 'a'])
    expect(changes.pending).toBe(0)
  })

  it('that were dealt with while they were read are not taken in from that read', async () => {
    const { changes, applied, read } = changesOf()
    changes.resume()
    changes.add(['a', 'b'])
    const first = await read(1)
    changes.supersede(['a', 'c'])
    first.end()
    const second = await read(2)
    expect(applied).toEqual(['b'])
    expect(second.keys).toEqual(['a', 'c'])
  })

  it('are kept when a read fails, which is told, as is the one that succeeds', async () => {
    const { changes, applied, told, read } = changesOf()
    changes.resume()
    changes.add(['a'])
    const settled = changes.settled()
    ;(await read(1)).fail(new Error('no answer'))
    await changes.settledOrFailed()
    expect(told).toEqual(['Error: no answer'])
    ;(await read(2)).end()
    await settled
    expect(told).toEqual(['Error: no answer', 'recovered'])
    expect(applied).toEqual(['a'])
  })

  it('gather while it is paused, those of a read that failed first', async () => {
    const { changes, read } = changesOf()
    changes.resume()
    changes.add(['a'])
    const first = await read(1)
    changes.pause()
    changes.add(['b', 'a'])
    first.fail(new Error('no answer'))
    await changes.idle()
    changes.resume()
    const second = await read(2)
    expect(second.keys).toEqual(['a', 'b'])
    const settled = changes.settled()
    second.end()
    await settled
  })

  it('that are forgotten are not taken in, and nobody waits for them', async () => {
    const { changes, applied, read, reads } = changesOf()
    changes.resume()
    changes.add(['a'])
    const first = await read(1)
    changes.add(['b'])
    const settled = changes.settled()
    changes.reset()
    first.end()
    await settled
    await changes.idle()
    expect(applied).toEqual([])
    expect(reads).toHaveLength(1)
    expect(changes.pending).toBe(0)
  })
})
