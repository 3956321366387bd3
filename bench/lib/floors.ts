import { readFileSync } from 'node:fs'
import { buildSchema } from 'graphql'
import { createYoga } from 'graphql-yoga'
import type { Redis } from 'ioredis'

/** The least that any scanning endpoint must do: SCAN, MGET and JSON.parse of every record. */
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

/** The least that any GraphQL answer costs: the same response, from constants in memory, through a bare Yoga. */
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
