import { parse, validate } from 'graphql'
import { expect, it } from 'vitest'
import { schema } from '../../src/schema/index.js'
import { graphiqlOptions } from '../../src/server/graphiql.js'

it('GraphiQL’s example tabs are operations of the schema', () => {
  const { graphiql } = graphiqlOptions(true)
  const tabs = typeof graphiql === 'object' ? (graphiql.defaultTabs ?? []) : []
  expect(tabs.length).toBeGreaterThanOrEqual(4)
  for (const { query } of tabs) expect(validate(schema, parse(query ?? ''))).toEqual([])
})
