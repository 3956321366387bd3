import type { Database } from '../../../postgres/database.js'
import type { GatewaySchema } from '../../gateway-schema.js'
import { differences } from './differences.js'
import { expectedTables } from './expected-tables.js'
import { readTables } from './inspect.js'
import { prepareDatabase } from './prepare-database.js'
import { searchIndexes } from './search-indexes.js'

export function createAetherSchema(database: Database): GatewaySchema {
  const expected = expectedTables(database.prisma)
  return {
    tables: expected.map(({ name }) => name),
    prepare: () => prepareDatabase(database),
    async inspect() {
      const adapter = await database.sqlAdapterFactory.connect()
      try {
        const tables = await readTables(adapter, database.schemaName)
        return tables.size === 0 ? 'empty' : { problems: differences(expected, tables) }
      } finally {
        await adapter.dispose()
      }
    },
    searchIndexes: () => searchIndexes(database),
  }
}
