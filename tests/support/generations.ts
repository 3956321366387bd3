import { readFileSync } from 'node:fs'
import { createAetherGateway } from '../../src/gateway/aether/aether-gateway.js'
import type { OpenGateway } from '../../src/gateway/gateway.js'
import { psql } from './servers/postgres.js'
import { freshDatabase } from './servers/shared.js'

/** The generations of the gateway that have a folder of their own in tests/fixtures. */
export type LaterGeneration = 'provider-keys' | 'process-memory'

const fixture = (generation: LaterGeneration, name: string): string =>
  readFileSync(new URL(`../fixtures/${generation}/${name}`, import.meta.url), 'utf8')

/** A new database with the tables, and by default the rows, that a gateway of this generation has left; its URL. */
export function gatewayDatabase(
  generation: LaterGeneration,
  contents: 'fixtures' | 'schema' = 'fixtures',
): string {
  const url = freshDatabase('empty')
  const data = contents === 'fixtures' ? fixture(generation, 'gateway-data.sql') : ''
  psql(url, `${fixture(generation, 'gateway-schema.sql')}\n${data}`)
  return url
}

export const jsonFixture = (generation: LaterGeneration, name: string): unknown =>
  JSON.parse(fixture(generation, name))

/** Aether's gateway whatever tables there are: for tests of a part that needs few of them. */
export const openUncheckedGateway: OpenGateway = (database, secrets) => {
  const gateway = createAetherGateway(database, secrets)
  return { ...gateway, schema: { ...gateway.schema, prepare: async () => 'unchanged' } }
}
