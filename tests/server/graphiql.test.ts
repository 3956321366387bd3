import { parse, validate } from 'graphql'
import { expect, it } from 'vitest'
import { schema } from '../../src/schema/index.js'
import { EXAMPLES } from '../../src/server/http/use-graphiql.js'

it.each(EXAMPLES)('the GraphiQL tab `%s` is an operation of the schema', (query) => {
  expect(validate(schema, parse(query))).toEqual([])
})
