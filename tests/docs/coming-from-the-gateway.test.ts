import { readFileSync } from 'node:fs'
import { parse, print, validate } from 'graphql'
import { describe, expect, it } from 'vitest'
import { collectDocuments } from '../../scripts/build-documents.mjs'
import { schema } from '../../src/schema/index.js'

const text = readFileSync(new URL('../../docs/coming-from-the-gateway.md', import.meta.url), 'utf8')
const rows = [...text.matchAll(/^\| `(GET|DELETE) (\/\S*)` \| ([^|]+) \|/gm)].map(
  ([, method = '', path = '', here = '']) => ({
    route: `${method} ${path}`,
    fields: [...here.matchAll(/`(\w+)(?:\(([^)]*)\))?`/g)].map(([, name = '', list = '']) => ({
      name,
      args: [...list.matchAll(/(\w+):/g)].map(([, arg = '']) => arg),
    })),
  }),
)

describe('docs/coming-from-the-gateway.md', () => {
  it('has each of the gateway’s 13 routes once', () => {
    expect(rows).toHaveLength(13)
    expect(new Set(rows.map(({ route }) => route)).size).toBe(13)
  })

  it.each(rows.filter(({ route }) => route !== 'GET /metrics'))(
    'leads from $route to operations of the schema',
    ({ route, fields }) => {
      expect(fields.length).toBeGreaterThan(0)
      const root = route.startsWith('GET') ? schema.getQueryType() : schema.getMutationType()
      for (const { name, args } of fields) {
        const known = root?.getFields()[name]?.args.map((arg) => arg.name)
        expect(known, name).toEqual(expect.arrayContaining(args))
      }
    },
  )
})

describe.each(['quick-start.md', 'coming-from-the-gateway.md'])('the operations in docs/%s', (name) => {
  const guide = readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8')
  const documents = [...guide.matchAll(/-d '(\{"query".*\})'/g)].map(([, body = '']) =>
    String(JSON.parse(body.replaceAll(/"'"\$\w+"'"/g, '"value"')).query),
  )

  it('are of the schema', () => {
    expect(documents.length).toBeGreaterThan(0)
    for (const document of documents) expect(validate(schema, parse(document))).toEqual([])
  })

  it('are registered, so that they run where no others do', () => {
    const registered = Object.values(collectDocuments())
    for (const document of documents) expect(registered).toContain(print(parse(document)))
  })
})
