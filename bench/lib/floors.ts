import { readFileSync } from 'node:fs'
import { buildSchema } from 'graphql'
import { createYoga } from 'graphql-yoga'
import type { Redis } from 'ioredis'

/** Does the minimum that any service must do to read all records: SCAN, MGET and JSON.parse. Returns their number. */
export async function rawScan(redis: Redis): Promise<number> {
  let cursor = '0'
  let records = 0
  do {
    const [next, keys] = await redis.scan(cursor, 'MATCH', 'cache_affinity:*', 'COUNT', 5_000)
    cursor = next
    if (keys.length === 0) continue
    for (const value of await redis.mget(...keys)) if (value !== null && JSON.parse(value)) records++
  } while (cursor !== '0')
  return records
}

/** Creates the floor of a GraphQL answer: a bare Yoga that gives the same response from constants in memory. */
export function constantsThroughYoga(
  data: Readonly<Record<string, unknown>>,
  body: string,
): () => Promise<string> {
  const schema = buildSchema(readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8'))
  for (const field of Object.values(schema.getQueryType()?.getFields() ?? {})) {
    field.resolve = () => data[field.name]
  }
  const yoga = createYoga({ schema, logging: false, graphiql: false })
  return async () => {
    const response = await yoga.fetch('http://localhost/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body,
    })
    return response.text()
  }
}
