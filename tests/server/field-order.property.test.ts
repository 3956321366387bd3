import { setImmediate, setTimeout } from 'node:timers/promises'
import * as fc from 'fast-check'
import type { GraphQLSchema } from 'graphql'
import { createSchema, createYoga, type Plugin } from 'graphql-yoga'
import { expect, it } from 'vitest'
import { useCompiledQueries } from '../../src/server/use-compiled-queries.js'
import { randomDocument } from '../attacks/random-documents.js'

const typeDefs = /* GraphQL */ `
  interface Named { name: String }
  type Leaf implements Named { name: String, a: Int, b: [Int!], missing: String, leaf: Leaf, any: Either }
  type Branch implements Named { name: String, z: Int, leaf: Leaf, leaves: [Leaf!], branch: Branch, named: [Named!], any: Either }
  union Either = Leaf | Branch
  type Query { name: String, first: Int, leaf: Leaf, branch: Branch, branches: [Branch!], named: [Named!], any: Either }
  type Mutation { done: Branch, again: Leaf }
`

/** Each next field is ready later, at once, or earlier than the one before. */
const WAYS = [
  <T>(value: T) => value,
  async <T>(value: T) => value,
  <T>(value: T) => setImmediate(value),
  <T>(value: T) => setTimeout(2, value),
]
let turn = 0
let calls = 0
const soon = <T>(value: T) => {
  calls = (calls * 7 + turn + 1) % 1_009
  return WAYS[calls % WAYS.length]?.(value)
}

const leaf = () => soon({ __typename: 'Leaf' })
const branch = () => soon({ __typename: 'Branch' })
const some = () => soon([{ __typename: 'Leaf' }, { __typename: 'Leaf' }])
const mixed = () => soon([{ __typename: 'Branch' }, { __typename: 'Leaf' }, { __typename: 'Branch' }])
const schema: GraphQLSchema = createSchema({
  typeDefs,
  resolvers: {
    Leaf: {
      name: () => soon('leaf'),
      a: () => soon(1),
      b: () => soon([1, 2]),
      missing: () => soon(null),
      leaf,
      any: leaf,
    },
    Branch: {
      name: () => soon('branch'),
      z: () => soon(26),
      leaf,
      leaves: some,
      branch,
      named: mixed,
      any: branch,
    },
    Query: {
      name: () => soon('query'),
      first: () => soon(1),
      leaf,
      branch,
      branches: () => soon([{ __typename: 'Branch' }, { __typename: 'Branch' }]),
      named: mixed,
      any: branch,
    },
    Mutation: { done: branch, again: leaf },
  },
})

const asker = (after: number) => {
  const yoga = createYoga({
    schema,
    logging: false,
    context: () => ({ knownViewer: () => ({ name: 'somebody' }) }),
    // This plugin needs only the viewer of the context.
    plugins: [useCompiledQueries({ after }) as unknown as Plugin<object>],
  })
  return async (query: string) => {
    turn += 1
    const response = await yoga.fetch('http://localhost/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    })
    return response.text()
  }
}

it.each(['query', 'mutation'] as const)(
  'a %s is answered byte for byte the same, however it is run and whichever field is ready first',
  async (kind) => {
    const walked = asker(Number.POSITIVE_INFINITY)
    const compiled = asker(1)
    await fc.assert(
      fc.asyncProperty(fc.gen(), async (g) => {
        const document = randomDocument(schema, kind, g)
        const expected = await walked(document)
        expect(expected).not.toContain('"errors"')
        for (const ask of [walked, compiled, compiled]) expect(await ask(document), document).toBe(expected)
      }),
      { numRuns: 60, seed: 20_261_126, endOnFailure: true },
    )
  },
)
