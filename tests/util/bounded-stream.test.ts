import { describe, expect, it } from 'vitest'
import { createBoundedStream, transformed } from '../../src/util/bounded-stream.js'

describe('a bounded stream', () => {
  const start = (bound?: number) => {
    const ends: string[] = []
    return {
      ends,
      stream: createBoundedStream<number>(
        (reason) => ends.push(reason),
        () => new Error('too slow'),
        bound,
      ),
    }
  }
  const done = { done: true, value: undefined }

  it('gives what was pushed, in order, and waits for more', async () => {
    const { stream } = start()
    stream.push(1)
    stream.push(2)
    expect(stream.waiting).toBe(2)
    expect([await stream.next(), await stream.next()]).toEqual([
      { done: false, value: 1 },
      { done: false, value: 2 },
    ])
    const next = stream.next()
    stream.push(3)
    expect(await next).toEqual({ done: false, value: 3 })
  })

  it('drops a reader that falls behind its bound, with all that waited, and tells it why', async () => {
    const { ends, stream } = start(3)
    expect([1, 2, 3].map((item) => stream.push(item))).toEqual([true, true, true])
    expect(stream.push(4)).toBe(false)
    expect(stream.push(5)).toBe(false)
    expect(stream.waiting).toBe(0)
    expect(ends).toEqual(['slow'])
    await expect(stream.next()).rejects.toThrow('too slow')
    expect(await stream.next()).toEqual(done)
  })

  it('gives what waits before it ends', async () => {
    const { ends, stream } = start()
    stream.push(1)
    stream.end()
    expect(stream.push(2)).toBe(false)
    expect(await stream.next()).toEqual({ done: false, value: 1 })
    expect(await stream.next()).toEqual(done)
    expect(ends).toEqual(['ended'])
  })

  it('gives what waits before it fails, and fails once', async () => {
    const { ends, stream } = start()
    stream.push(1)
    stream.fail(new Error('lost'))
    stream.fail(new Error('lost again'))
    expect(await stream.next()).toEqual({ done: false, value: 1 })
    await expect(stream.next()).rejects.toThrow(/^lost$/)
    expect(await stream.next()).toEqual(done)
    expect(ends).toEqual(['ended'])
  })

  it('fails a reader that waits already', async () => {
    const { stream } = start()
    const next = stream.next()
    stream.fail(new Error('lost'))
    await expect(next).rejects.toThrow('lost')
  })

  it('ends at once when its reader goes, also while it waits', async () => {
    const { ends, stream } = start()
    const next = stream.next()
    await stream.return?.()
    expect(await next).toEqual(done)
    expect(ends).toEqual(['ended'])
  })

  it('can be transformed, with items left out', async () => {
    const { stream } = start()
    for (const item of [1, 2, 3]) stream.push(item)
    stream.end()
    const seen: number[] = []
    for await (const item of transformed(stream, async (n) => (n === 2 ? undefined : n * 10))) seen.push(item)
    expect(seen).toEqual([10, 30])
  })

  it('gives what waits without a promise for each, also transformed, and nothing beyond it', async () => {
    const { stream } = start()
    const doubled = transformed(stream, (n) => (n % 2 === 0 ? undefined : n * 2))
    expect(doubled.ready()).toBeUndefined()
    for (const item of [1, 2, 3, 4]) stream.push(item)
    expect([doubled.ready(), doubled.ready(), doubled.ready()]).toEqual([2, 6, undefined])
    stream.push(5)
    stream.fail(new Error('away'))
    expect(doubled.ready()).toBe(10)
    expect(doubled.ready()).toBeUndefined()
    await expect(doubled.next()).rejects.toThrow('away')
  })

  it('gives a promise where the transformation does, and is over when it fails', async () => {
    const { ends, stream } = start()
    const checked = transformed(stream, async (n) => {
      if (n === 2) throw new Error('not to be read')
      return n
    })
    stream.push(1)
    stream.push(2)
    expect(await checked.ready()).toBe(1)
    await expect(checked.ready()).rejects.toThrow('not to be read')
    expect(ends).toEqual(['ended'])
  })
})
