import { getOperationAST, parse } from 'graphql'
import { expect, it } from 'vitest'
import { rootFieldOf } from '../../src/server/observe/describe.js'

const nameOf = (text: string): string => {
  const document = parse(text)
  const operation = getOperationAST(document)
  if (!operation) throw new Error('there is no operation')
  return rootFieldOf(document, operation.selectionSet)
}

it.each([
  ['{ viewer { name } }', 'viewer'],
  ['{ a: viewer { name } b: viewer { role } }', 'viewer'],
  ['{ viewer { name } affinities { totalCount } }', 'several'],
  ['{ ...f } fragment f on Query { ... { viewer { name } } }', 'viewer'],
])('the root field of %s is %s', (text, name) => {
  expect(nameOf(text)).toBe(name)
})

it('is found without counting to 2^40', () => {
  const fragments = Array.from(
    { length: 40 },
    (_, n) => `fragment f${n} on Query { ...f${n + 1} ...f${n + 1} }`,
  )
  expect(nameOf(`{ ...f0 } ${fragments.join(' ')} fragment f40 on Query { __typename }`)).toBe('__typename')
})
