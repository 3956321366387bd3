import { expect, it } from 'vitest'
import { UnavailableError } from '../../src/errors.js'
import { createCombiner } from '../../src/gateway/aether/combined-reads.js'
import type { RunQuery } from '../../src/gateway/table-reader.js'

type Ids = readonly string[]

/** Readers of dogs and cats over a database that answers, or throws, as it is told. */
function world(answer: RunQuery) {
  const statements: string[] = []
  const { combined } = createCombiner((sql, ...rest) => {
    statements.push(sql)
    return answer(sql, ...rest)
  })
  const reader = (kind: string) =>
    combined(
      { kind, select: ['id'], rest: (ids) => `FROM ${kind} WHERE id = ANY(${ids})`, rowOf: ([id]) => id },
      async (ids: Ids) => {
        statements.push(`${kind} alone`)
        if (kind === 'cats') throw new Error('there are no cats')
        return [...ids]
      },
    )
  return { statements, dogs: reader('dogs'), cats: reader('cats') }
}

it('reads in one statement what is asked in one turn, each kind with its own rows', async () => {
  const { statements, dogs, cats } = world(async (_, [ofCats, ofDogs]) => [
    ['dogs', JSON.stringify([[ofDogs?.[0]]])],
    ['cats', ofCats?.length === 2 ? null : '[]'],
  ])
  expect(await Promise.all([dogs(['rex']), cats(['tom', 'kit'])])).toEqual([['rex'], []])
  expect(statements).toEqual([
    "SELECT 'cats', json_agg(json_build_array(id))::text FROM cats WHERE id = ANY($1)\nUNION ALL SELECT 'dogs', json_agg(json_build_array(id))::text FROM dogs WHERE id = ANY($2)",
  ])
})

it('reads alone what is asked alone, and what is very much', async () => {
  const { statements, dogs, cats } = world(async () => expect.fail('nothing to combine'))
  const many = Array.from({ length: 201 }, String)
  expect(await dogs(['rex'])).toEqual(['rex'])
  await expect(cats(many)).rejects.toThrow('no cats')
  const [few, all] = await Promise.all([dogs(['rex']), dogs(many)])
  expect([few, all.length]).toEqual([['rex'], 201])
  expect(new Set(statements)).toEqual(new Set(['dogs alone', 'cats alone']))
})

it('gives each of two who ask for one kind in a turn their own rows', async () => {
  const { dogs } = world(async () => expect.fail('nothing to combine'))
  expect(await Promise.all([dogs(['rex']), dogs(['ace'])])).toEqual([['rex'], ['ace']])
})

it('reads each kind alone where one of them cannot be read', async () => {
  const { dogs, cats } = world(async () => {
    throw Object.assign(new Error('relation "cats" does not exist'), { code: '42P01' })
  })
  const [ofDogs, ofCats] = await Promise.allSettled([dogs(['rex']), cats(['tom'])])
  expect(ofDogs).toEqual({ status: 'fulfilled', value: ['rex'] })
  expect(ofCats).toMatchObject({ status: 'rejected', reason: { message: 'there are no cats' } })
})

it('does not ask again a database that is away', async () => {
  const { statements, dogs, cats } = world(async () => {
    throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  })
  for (const outcome of await Promise.allSettled([dogs(['rex']), cats(['tom'])])) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(UnavailableError) })
  }
  expect(statements).toHaveLength(1)
})
