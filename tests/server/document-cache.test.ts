import { createSchema, createYoga, type Plugin } from 'graphql-yoga'
import { describe, expect, it } from 'vitest'
import { useDocumentCache } from '../../src/server/use-document-cache.js'

/** A server that counts the documents that it parses and validates. `token: …` makes a viewer of a request. */
function counting(maxBytes?: number) {
  const count = { parsed: 0, validated: 0 }
  const counter: Plugin = {
    onParse({ parseFn, setParseFn }) {
      setParseFn((source, options) => {
        count.parsed += 1
        return parseFn(source, options)
      })
    },
    onValidate({ validateFn, setValidationFn }) {
      setValidationFn((...args) => {
        count.validated += 1
        return validateFn(...args)
      })
    },
  }
  const yoga = createYoga({
    schema: createSchema({
      typeDefs: 'type Query { a: Int } type Mutation { b: Int }',
      resolvers: { Query: { a: () => 1 } },
    }),
    context: ({ request }) => ({ knownViewer: () => request.headers.get('token') ?? undefined }),
    logging: false,
    parserAndValidationCache: false,
    plugins: [
      useDocumentCache(maxBytes === undefined ? {} : { maxBytes }) as unknown as Plugin<object>,
      counter,
    ],
  })
  const ask = async (query: string, token?: string) => {
    const response = await yoga.fetch('http://localhost/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token && { token }) },
      body: JSON.stringify({ query }),
    })
    return response.json()
  }
  return { count, ask }
}

describe('the cache of documents', () => {
  it('parses and validates the document of a viewer once', async () => {
    const { count, ask } = counting()
    for (let run = 0; run < 3; run += 1) expect(await ask('{ a }', 'bob')).toEqual({ data: { a: 1 } })
    expect(count).toEqual({ parsed: 1, validated: 1 })
  })

  it('keeps nothing of a request without a viewer, who may use what is there', async () => {
    const { count, ask } = counting()
    await ask('{ a }')
    await ask('{ a }')
    expect(count).toEqual({ parsed: 2, validated: 2 })
    await ask('{ a }', 'bob')
    expect(await ask('{ a }')).toEqual({ data: { a: 1 } })
    expect(count).toEqual({ parsed: 3, validated: 3 })
  })

  it('keeps no document that is not valid, and refuses it each time', async () => {
    const { count, ask } = counting()
    for (let run = 0; run < 2; run += 1)
      expect(await ask('{ nope }', 'bob')).toMatchObject({
        errors: [{ message: expect.stringContaining('nope') }],
      })
    expect(count).toEqual({ parsed: 2, validated: 2 })
  })

  it('is bounded by bytes: long documents displace others sooner than short ones', async () => {
    const { count, ask } = counting(200_000)
    const short = Array.from({ length: 10 }, (_, n) => `query Q${n} { a }`)
    for (const text of [...short, ...short]) await ask(text, 'bob')
    expect(count.parsed).toBe(10)
    const long = Array.from({ length: 10 }, (_, n) => `query L${n} { ${'a '.repeat(200)}}`)
    for (const text of [...long, ...long]) await ask(text, 'bob')
    expect(count.parsed).toBe(10 + 20)
  })

  it('does not keep a document that is longer than all may be together', async () => {
    const { count, ask } = counting(50_000)
    await ask('{ a }', 'bob')
    await ask(`{ ${'a '.repeat(500)}}`, 'bob')
    await ask(`{ ${'a '.repeat(500)}}`, 'bob')
    expect(count.parsed).toBe(3)
  })
})
