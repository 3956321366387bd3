import { GraphQLError } from 'graphql'
import { createSchema, createYoga } from 'graphql-yoga'
import { beforeEach, describe, expect, it } from 'vitest'
import { useCompiledQueries } from '../../src/server/use-compiled-queries.js'

const typeDefs = /* GraphQL */ `
  enum Direction { ASC DESC }
  input Order { field: String! = "name", direction: Direction! = DESC }
  type Node { engine: String!, failing: String, required: String! }
  type Query {
    engine: String!
    nodes(order: Order, first: Int = 2): [Node!]!
    given(order: Order): String
    never: String
  }
  type Mutation { engine: String! }
`

/** Who calls a resolver: compiled code, or the executor that walks the document. */
const engine = () => (new Error('who calls').stack?.includes('graphql-jit') ? 'compiled' : 'walked')

describe('a query', () => {
  let failure: Error | undefined
  let viewer: object | undefined
  let yoga: ReturnType<typeof start>

  const start = (atMost = 10) =>
    createYoga<object, { knownViewer: () => object | undefined }>({
      logging: false,
      maskedErrors: false,
      context: () => ({ knownViewer: () => viewer }),
      // biome-ignore lint/suspicious/noExplicitAny: of the context, this plugin needs only the viewer
      plugins: [useCompiledQueries({ after: 2, atMost }) as any],
      schema: createSchema({
        typeDefs,
        resolvers: {
          Query: {
            engine,
            nodes: (_root, { first }) => Array.from({ length: first }, () => ({})),
            given: (_root, { order }) => JSON.stringify(order),
            never: () => new Promise(() => {}),
          },
          Node: {
            engine,
            failing: () => {
              if (failure) throw failure
              return 'fine'
            },
            required: () => (failure ? null : 'here'),
          },
          Mutation: { engine },
        },
      }),
    })
  beforeEach(() => {
    failure = undefined
    viewer = { name: 'somebody' }
    yoga = start()
  })

  const ask = async (query: string, variables?: object, options: RequestInit = {}) => {
    const response = await yoga.fetch('http://localhost/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
      ...options,
    })
    return response.json()
  }
  const askTwice = async (query: string, variables?: object) => {
    await ask(query, variables)
    await ask(query, variables)
  }

  it('is compiled when it has been run twice', async () => {
    for (const expected of ['walked', 'walked', 'compiled', 'compiled']) {
      expect(await ask('{ engine nodes { engine } }')).toEqual({
        data: { engine: expected, nodes: [{ engine: expected }, { engine: expected }] },
      })
    }
  })

  it('is compiled for each operation of its document', async () => {
    const body = (operationName: string) =>
      JSON.stringify({ query: 'query A { a: engine } query B { b: engine }', operationName })
    for (const name of ['A', 'A', 'B', 'B']) await ask('', {}, { body: body(name) })
    expect(await ask('', {}, { body: body('A') })).toEqual({ data: { a: 'compiled' } })
    expect(await ask('', {}, { body: body('B') })).toEqual({ data: { b: 'compiled' } })
  })

  it.each([
    ['that is a mutation', 'mutation { engine }'],
    ['with an alias that is a prototype', '{ __proto__: engine engine }'],
    [
      'with introspection, whose fragments no cost limit counts',
      '{ engine __schema { queryType { name } } }',
    ],
  ])('%s is never compiled', async (_, query) => {
    await askTwice(query)
    expect((await ask(query)).data.engine).toBe('walked')
  })

  it('that has never been run to its end is never compiled: what is too dear is refused while it runs', async () => {
    failure = new Error('too dear')
    await askTwice('{ engine nodes { failing } }')
    failure = undefined
    expect((await ask('{ engine nodes { failing } }')).data.engine).toBe('walked')
  })

  it('that nobody with a token has asked is never compiled', async () => {
    viewer = undefined
    await askTwice('{ engine }')
    expect(await ask('{ engine }')).toEqual({ data: { engine: 'walked' } })
  })

  it('reads its variables as before: defaults inside of inputs, and bad ones refused in the same words', async () => {
    const query = 'query ($order: Order) { engine given(order: $order) }'
    const refused = await ask(query, { order: { direction: 'UP' } })
    await askTwice(query, { order: {} })
    expect(await ask(query, { order: {} })).toEqual({
      data: { engine: 'compiled', given: '{"field":"name","direction":"DESC"}' },
    })
    expect(await ask(query, { order: { direction: 'UP' } })).toEqual(refused)
    expect(refused.errors[0].message).toContain('Variable "$order" got invalid value "UP"')
  })

  it('skips and includes as it is told', async () => {
    const query = 'query ($not: Boolean!) { engine nodes @skip(if: $not) { engine } }'
    await askTwice(query, { not: true })
    expect(await ask(query, { not: true })).toEqual({ data: { engine: 'compiled' } })
    expect((await ask(query, { not: false })).data.nodes).toHaveLength(2)
  })

  it.each(['failing', 'required'])('tells of an error in %s as before', async (field) => {
    const query = `query {\n  nodes {\r\n    ${field}\n  }\n}`
    const asWritten = async (text: string) => {
      failure = new GraphQLError('no such thing', { extensions: { code: 'NOT_HERE' } })
      const answer = await ask(text)
      failure = undefined
      return answer
    }
    const walked = await asWritten(query)
    await askTwice(query)
    expect(await asWritten(query)).toEqual(walked)
    expect(walked.errors[0]).toMatchObject({ path: ['nodes', 0, field], locations: [{ line: 3, column: 5 }] })
  })

  it('ends when its client goes', async () => {
    const query = 'query ($wait: Boolean!) { engine never @include(if: $wait) }'
    await askTwice(query, { wait: false })
    const gone = new AbortController()
    const asked = ask(query, { wait: true }, { signal: gone.signal })
    gone.abort(new Error('the client went'))
    await expect(asked).rejects.toThrow('the client went')
  })

  it('is forgotten when too many others have been asked since', async () => {
    yoga = start(1)
    await askTwice('{ a: engine }')
    await askTwice('{ b: engine }')
    for (const name of ['a', 'b', 'a']) {
      expect(await ask(`{ ${name}: engine }`)).toEqual({ data: { [name]: 'compiled' } })
    }
  })
})
