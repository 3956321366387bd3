import { type ExecutionResult, GraphQLError } from 'graphql'
import { createSchema, createYoga, type Plugin } from 'graphql-yoga'
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { useCompiledQueries } from '../../src/server/use-compiled-queries.js'

const typeDefs = /* GraphQL */ `
  enum Kind { SMALL LARGE }
  type Row { id: ID!, name: String, calls: Int! }
  type Record {
    engine: String!, text: String!, none: String, count: Int!, factor: Float!, flag: Boolean!
    kind: Kind!, kinds: [Kind!]!, row: Row, rows: [Row]!, failing: String, required: String!, later: Int!
    given(factor: Int = 1): Int!
  }
  type Page { totalCount: Int!, nodes: [Record!]!, edges: [Edge!]! }
  type Edge { node: Record! }
  input Filter { kinds: [Kind!] }
  type Query { affinities(first: Int = 3, filter: Filter): Page!, never: String }
`

/** Who calls a resolver. */
const engine = () => {
  const stack = new Error('who calls').stack ?? ''
  if (stack.includes('list-writer')) return 'written'
  return stack.includes('graphql-jit') ? 'compiled' : 'walked'
}

/** Says in each answer what it cost. */
const costs: Plugin = {
  onExecute: () => ({
    onExecuteDone({ result, setResult }) {
      setResult({ ...(result as ExecutionResult), extensions: { cost: 7 } })
    },
  }),
}

describe('the records of a page', () => {
  let failure: Error | undefined
  let calls: number
  let isLate: boolean
  let yoga: ReturnType<typeof start>

  const ROW = { id: 'r"1', name: '张伟\u2028\\' }
  const record = (n: number) => ({
    text: `${n} "\u0001 é 😀 \ud800`,
    none: null,
    count: n,
    factor: n / 3,
    flag: n % 2 === 0,
    kind: 'LARGE',
    kinds: n === 1 ? [] : ['SMALL', 'LARGE'],
    row: n === 1 ? null : ROW,
    rows: [ROW, null, { id: `${n}`, name: null }],
  })
  const page = (first: number) => {
    const nodes = Array.from({ length: first }, (_, n) => record(n))
    return { totalCount: first, nodes, edges: nodes.map((node) => ({ node })) }
  }

  const start = () =>
    createYoga<object, { knownViewer: () => object }>({
      logging: false,
      maskedErrors: false,
      context: () => ({ knownViewer: () => ({}) }),
      plugins: [
        // biome-ignore lint/suspicious/noExplicitAny: of the context, this plugin needs only the viewer
        useCompiledQueries({ after: 2 }) as any,
        costs,
      ],
      schema: createSchema({
        typeDefs,
        resolvers: {
          Query: { affinities: async (_root, { first }) => page(first) },
          Row: {
            calls() {
              calls += 1
              return 0
            },
          },
          Record: {
            engine,
            given: () => 5,
            failing: () => {
              if (failure) throw failure
              return 'fine'
            },
            required: () => (failure ? null : 'here'),
            later: () => (isLate ? Promise.resolve(5) : 5),
          },
        },
      }),
    })
  beforeEach(() => {
    failure = undefined
    calls = 0
    isLate = false
    yoga = start()
  })

  const ask = async (query: string, variables?: object) => {
    const response = await yoga.fetch('http://localhost/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: JSON.stringify({ query, variables }),
    })
    expect(response.headers.get('content-type')).toMatch(/^application\/json/)
    return response.text()
  }
  const asked = async (query: string, variables?: object) => JSON.parse(await ask(query, variables))
  const askTwice = async (query: string) => {
    await ask(query)
    await ask(query)
  }
  const engineOf = async (query: string) => {
    await askTwice(query)
    const { data } = await asked(query)
    return (data.affinities ?? data.page).nodes[0].engine
  }

  it('are written while their fields are resolved', async () => {
    expect(await engineOf('{ affinities { nodes { engine } totalCount } }')).toBe('written')
    expect(await engineOf('{ page: affinities { nodes { engine } edges { node { engine } } } }')).toBe(
      'written',
    )
  })

  it.each([
    ['directives', '{ affinities { nodes { engine @include(if: true) } } }'],
    ['the name of the page’s type', '{ affinities { __typename nodes { engine } } }'],
    ['arguments', '{ affinities { nodes { engine given } } }'],
    ['a fragment of the page', '{ affinities { ...P } } fragment P on Page { nodes { engine } }'],
    ['an inline fragment of the page', '{ affinities { ... on Page { nodes { engine } } } }'],
  ])('are compiled as before where the query has %s', async (_what, query) => {
    expect(await engineOf(query)).toBe('compiled')
  })

  it.each([
    ['{ affinities { totalCount nodes { text none count factor flag kind kinds } } }'],
    ['{ affinities { nodes { row { id name } rows { name } row { calls } } totalCount } never }'],
    [
      '{ p: affinities(first: 1) { n: nodes { t: text __typename ...R } } affinities { m: nodes { count } nodes { flag } } } fragment R on Record { row { __typename } ... on Record { kind } ... { flag } }',
    ],
    ['{ affinities(first: 0) { nodes { text } } }'],
    ['{ affinities { totalCount ...P } } fragment P on Page { nodes { text } edges { node { count } } }'],
    ['{ affinities { ... { nodes { text } } ... on Page { totalCount } } }'],
    ['query A { affinities { nodes { text } edges { node { row { id } } } } }'],
  ])('are the same to the byte as walked: %s', async (query) => {
    const walked = await ask(query)
    expect(JSON.parse(walked).extensions).toEqual({ cost: 7 })
    await ask(query)
    expect(await ask(query)).toBe(walked)
    expect(await ask(query)).toBe(walked)
  })

  it('ask a row that they share for its fields once', async () => {
    const query = '{ affinities(first: 1000) { nodes { count row { calls } } } }'
    await askTwice(query)
    calls = 0
    await ask(query)
    expect(calls).toBe(1)
  })

  it.each(['failing', 'required'])(
    'tell of an error in %s as walked, and are written again without',
    async (field) => {
      const query = `{\n p: affinities { totalCount\r\n nodes {\n  count engine ${field} } } }`
      const failingly = async () => {
        failure = new GraphQLError('no such thing', { extensions: { code: 'NOT_HERE' } })
        const answer = await asked(query)
        failure = undefined
        return answer
      }
      const walked = await failingly()
      await askTwice(query)
      expect(await failingly()).toEqual(walked)
      expect(walked.errors[0]).toMatchObject({ path: ['p', 'nodes', 0, field], locations: [{ line: 4 }] })
      expect((await asked(query)).data.p.nodes[0].engine).toBe('written')
    },
  )

  it.each(['failing', 'later'])(
    'are completed as walked for the field %s, whatever types the query’s variables have',
    async (field) => {
      const query = `query ($filter: Filter) { affinities(filter: $filter) { nodes { ${field} } } }`
      const variables = { filter: { kinds: ['LARGE'] } }
      const unusual = async () => {
        failure = new GraphQLError('no such thing')
        isLate = true
        const answer = await asked(query, variables)
        failure = undefined
        isLate = false
        return answer
      }
      const walked = await unusual()
      await ask(query, variables)
      await ask(query, variables)
      expect(await unusual()).toEqual(walked)
    },
  )

  it('take no memory for the length of the records of the answer before', async () => {
    const query = 'query ($first: Int) { affinities(first: $first) { nodes { row { name } } } }'
    const askFor = (first: number) => ask(query, { first })
    await askFor(1)
    await askFor(1)
    const allocated = vi.spyOn(Buffer, 'allocUnsafeSlow')
    onTestFinished(() => allocated.mockRestore())
    const { name } = ROW
    ROW.name = 'long'.repeat(250_000)
    await askFor(1).finally(() => {
      ROW.name = name
    })
    allocated.mockClear()
    const { length } = await askFor(1_000)
    const largest = Math.max(...allocated.mock.calls.map(([size]) => size))
    expect(length).toBeLessThan(100_000)
    expect(largest).toBeLessThan(20_000_000)
  })

  it('wait for fields, and are compiled as before from then on', async () => {
    const query = '{ affinities { nodes { engine later } } }'
    await askTwice(query)
    isLate = true
    expect((await asked(query)).data.affinities.nodes).toEqual(Array(3).fill({ engine: 'walked', later: 5 }))
    expect((await asked(query)).data.affinities.nodes).toEqual(
      Array(3).fill({ engine: 'compiled', later: 5 }),
    )
  })
})
