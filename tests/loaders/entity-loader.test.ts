import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createEntityLoader } from '../../src/loaders/entity-loader.js'
import { collectGarbage } from '../support/collect-garbage.js'

const rowOf = (id: string) => ({ id, name: `row ${id}` })

/** A table whose reads are written down. Ids that begin with `gone` have no row. */
function table() {
  const reads: string[][] = []
  const loader = createEntityLoader(async (ids) => {
    reads.push([...ids])
    return new Map(ids.filter((id) => !id.startsWith('gone')).map((id) => [id, rowOf(id)]))
  })
  return { reads, loader }
}

describe('an entity loader', () => {
  it('reads everything that was asked for at once in one statement, each id once', async () => {
    const { reads, loader } = table()
    const rows = await Promise.all(['a', 'b', 'a', 'gone', 'b'].map((id) => loader.load(id)))
    expect(rows).toEqual([rowOf('a'), rowOf('b'), rowOf('a'), null, rowOf('b')])
    expect(reads).toEqual([['a', 'b', 'gone']])
  })

  it('puts any number of ids into that one statement', async () => {
    const { reads, loader } = table()
    await loader.prime(Array.from({ length: 5_000 }, (_, n) => `${n}`))
    expect(reads.map((ids) => ids.length)).toEqual([5_000])
  })

  it('answers without a promise once it has the row, or knows that there is none', async () => {
    const { reads, loader } = table()
    expect(loader.load('a')).toBeInstanceOf(Promise)
    await loader.prime(['a', 'gone'])
    expect(loader.load('a')).toEqual(rowOf('a'))
    expect(loader.load('gone')).toBeNull()
    expect(reads).toHaveLength(1)
  })

  it('primes only what it does not have', async () => {
    const { reads, loader } = table()
    await loader.prime(['a', 'b', 'a'])
    await loader.prime(['b', 'c'])
    await loader.prime(['a', 'b', 'c'])
    await loader.prime([])
    expect(reads).toEqual([['a', 'b'], ['c']])
  })

  it('takes rows that came along with another read', () => {
    const { reads, loader } = table()
    loader.set('a', { id: 'a', name: 'from elsewhere' })
    loader.set('b', null)
    expect(loader.load('a')).toEqual({ id: 'a', name: 'from elsewhere' })
    expect(loader.load('b')).toBeNull()
    expect(reads).toEqual([])
  })

  it('shares rows with other loaders, and with them that there is none', async () => {
    const rows = new Map<string, ReturnType<typeof rowOf> | null>()
    const [first, second] = [table(), table()]
    first.loader.share(rows)
    await first.loader.prime(['a', 'gone'])
    second.loader.share(rows)
    await second.loader.prime(['a', 'gone', 'b'])
    expect(second.reads).toEqual([['b']])
    expect(second.loader.load('a')).toBe(first.loader.load('a'))
    expect(second.loader.load('gone')).toBeNull()
    expect(first.loader.load('b')).toEqual(rowOf('b'))
  })

  it('does not reject when priming fails: each load of that batch tells why', async () => {
    const failure = new Error('the database is away')
    const loader = createEntityLoader(() => Promise.reject(failure))
    await loader.prime(['a', 'b'])
    expect(() => loader.load('a')).toThrow(failure)
    expect(() => loader.load('b')).toThrow(failure)
    await expect(loader.load('c')).rejects.toBe(failure)
  })

  it('does not ask twice after a failure: a page is not slower for a database that is away', async () => {
    let reads = 0
    const loader = createEntityLoader(() => {
      reads += 1
      return Promise.reject(new Error('away'))
    })
    await loader.prime(['a'])
    await loader.prime(['a'])
    expect(() => loader.load('a')).toThrow('away')
    expect(reads).toBe(1)
  })

  it('asks the database for no id with a NUL character, which PostgreSQL refuses with the whole statement', async () => {
    const { reads, loader } = table()
    await loader.prime(['a', 'x\0y'])
    expect(loader.load('a')).toEqual(rowOf('a'))
    expect(loader.load('x\0y')).toBeNull()
    expect(reads).toEqual([['a']])
  })

  it('issues no statement where every id has a NUL character', async () => {
    const { reads, loader } = table()
    expect(await loader.load('\0')).toBeNull()
    expect(reads).toEqual([])
  })

  it('takes ids such as __proto__ as plain text', async () => {
    const { loader } = table()
    await loader.prime(['__proto__', 'constructor'])
    expect(loader.load('__proto__')).toEqual(rowOf('__proto__'))
    expect(loader.load('constructor')).toEqual(rowOf('constructor'))
  })
})

it('keeps nothing of a row that it has forgotten', async () => {
  const read: WeakRef<object>[] = []
  const loader = createEntityLoader(async (ids) => {
    const rows = ids.map(rowOf)
    read.push(...rows.map((row) => new WeakRef(row)))
    return new Map(rows.map((row) => [row.id, row]))
  })
  await loader.prime(['a', 'b'])
  await loader.load('c')
  loader.forget()
  // A WeakRef keeps its object until the turn of the event loop ends.
  await nextTurn()
  collectGarbage()
  expect(read.map((row) => row.deref())).toEqual([undefined, undefined, undefined])
  expect(await loader.load('a')).toEqual(rowOf('a'))
})
