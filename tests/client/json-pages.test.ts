import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createClient } from '../../src/client/index.js'
import { answerWithBytes } from '../../src/client/record-bytes.js'
import { startServer, type TestServer } from '../cli/support.js'
import { ADMIN_TOKEN } from '../support/app.js'

const LISTS = ['affinities', 'affinityNames', 'affinityRecords'] as const

describe('the pages of a list as JSON', () => {
  let server: TestServer
  beforeAll(async () => {
    // A budget puts the cost behind the records of an answer.
    server = await startServer({ env: { RATE_LIMIT_VIEWER: '1000000' } })
  })
  afterAll(() => server.close())
  /** `ttlSeconds` may change between two reads. */
  const settled = (json: Uint8Array | string) =>
    Buffer.from(json)
      .toString()
      .replace(/"ttlSeconds":\d+/, '"ttlSeconds":0')

  it.each(LISTS)('have the records of %s as JSON.stringify writes them', async (name) => {
    const list = createClient({ url: server.url, token: ADMIN_TOKEN })[name]
    for (const orderBy of [undefined, { field: 'USER' }, { field: 'REQUEST_COUNT' }] as const) {
      const args = { first: 200, ...(orderBy && { orderBy }) }
      const written: string[][] = []
      for await (const { nodes } of list.pages(args))
        written.push(nodes.map((node) => settled(JSON.stringify(node))))
      const pages = []
      for await (const page of list.jsonPages(args)) pages.push(page)
      expect(pages.map(({ nodes }) => nodes.map((node) => settled(node)))).toEqual(written)
      expect(pages.map(({ totalCount }) => totalCount)).toEqual([506, 506, 506])
      expect(pages.map(({ pageInfo }) => pageInfo.hasNextPage)).toEqual([true, true, false])
    }
  })

  it('are empty where there are no records', async () => {
    const list = createClient({ url: server.url, token: ADMIN_TOKEN }).affinityNames
    const pages = []
    for await (const page of list.jsonPages({ search: 'nothing has this' })) pages.push(page)
    expect(pages).toMatchObject([{ totalCount: 0, nodes: [] }])
  })
})

describe('an answer with its records as they stand', () => {
  const RECORDS = [
    { family: 'F', name: '},{"family":"forged"', list: ['"nodes":[', ']}}}'], user: { family: 'of a user' } },
    { family: '', name: '},{', list: [], user: null },
    { family: '张伟\u2028', name: '\\"},{"family":', list: [{ nodes: 1 }], user: { family: '},{' } },
  ]
  const answerOf = (nodes: readonly object[], more: object = {}) => ({
    data: { affinities: { totalCount: 3, nodes } },
    ...more,
  })
  const expected = {
    affinities: { totalCount: 3, nodes: RECORDS.map((record) => JSON.stringify(record)) },
  }
  /** Reads an answer, with its records as texts. */
  const read = (answer: string): unknown =>
    JSON.parse(
      JSON.stringify(answerWithBytes(new TextEncoder().encode(answer)), (_name, value) =>
        value instanceof Uint8Array
          ? Buffer.from(value.buffer, value.byteOffset, value.length).toString()
          : value,
      ),
    )

  it.each([
    ['as the service writes it', JSON.stringify(answerOf(RECORDS))],
    [
      'with what it cost',
      JSON.stringify(answerOf(RECORDS, { extensions: { cost: { requested: 5, limit: null } } })),
    ],
    [
      'with errors',
      JSON.stringify(answerOf(RECORDS, { errors: [{ message: ']}}}', path: ['affinities', 'nodes', 0] }] })),
    ],
    ['as a proxy has laid it out', JSON.stringify(answerOf(RECORDS), null, 2)],
    ['with a line break alone', `${JSON.stringify(answerOf(RECORDS))}\n`],
    [
      'with a line break between records',
      JSON.stringify(answerOf(RECORDS)).replace('},{"family":""', '},\n{"family":""'),
    ],
  ])('is the same %s', (_how, text) => {
    const { data: _, ...rest } = JSON.parse(text)
    expect(read(text)).toEqual({ data: expected, ...rest })
  })

  it.each([
    ['{"data":null,"errors":[{"message":"no"}]}'],
    ['{"data":{"affinities":null},"errors":[]}'],
    ['{"data":{"affinities":{"nodes":[]}}}'],
    ['[]'],
  ])('is what it says where it has no records: %s', (text) => {
    expect(read(text)).toEqual(JSON.parse(text))
  })

  it.each(['{"data":{"affinities":{"nodes":[{"family":"F"', '<h1>Not now</h1>', ''])(
    'is none where it is no JSON: %s',
    (text) => {
      expect(() => read(text)).toThrow(SyntaxError)
    },
  )
})
