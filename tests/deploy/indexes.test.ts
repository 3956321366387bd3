import { describe, expect, it, onTestFinished } from 'vitest'
import { createGatewayStore } from '../../src/gateway/aether/aether-gateway.js'
import { createPgDatabase } from '../../src/postgres/database.js'
import { psql } from '../support/servers/postgres.js'
import { freshDatabase } from '../support/servers/shared.js'
import { textOf } from './files.js'

/** The gateway's store on a database where an index is taken wherever there is one, and what it read without any. */
function gatewayOn(url: string) {
  const database = createPgDatabase({ url: `${url}?options=${encodeURIComponent('-c enable_seqscan=off')}` })
  onTestFinished(() => database.close())
  const wholeTables: string[] = []
  const gateway = createGatewayStore({
    ...database,
    async query(sql, args) {
      for (const [line] of await database.query(`EXPLAIN ${sql}`, args)) {
        const [, table] = /Seq Scan on (\w+)/.exec(String(line)) ?? []
        if (table !== undefined) wholeTables.push(table)
      }
      return database.query(sql, args)
    },
  })
  return { gateway, wholeTables }
}

describe('deploy/postgres/indexes.sql', () => {
  const BOB = '244caf9c-4dab-4481-b253-edc618187993'

  it('spares a search the reading of all users and API keys, and finds the same', async () => {
    const url = freshDatabase()
    const before = gatewayOn(url)
    const found = await before.gateway.idsNamed('bob')
    expect(found.affinityKey?.size).toBeGreaterThan(0)
    expect(before.wholeTables).toEqual(expect.arrayContaining(['users', 'api_keys']))

    psql(url, textOf('deploy/postgres/indexes.sql'))
    const after = gatewayOn(url)
    expect(await after.gateway.idsNamed('bob')).toEqual(found)
    expect(after.wholeTables).not.toContain('users')
    expect(after.wholeTables).not.toContain('api_keys')
  })

  it('spares a user’s API keys the reading of all', async () => {
    const url = freshDatabase()
    const before = gatewayOn(url)
    const keys = await before.gateway.apiKeysOfUsers([BOB])
    expect(keys.length).toBeGreaterThan(0)
    expect(before.wholeTables).toEqual(['api_keys'])

    psql(url, textOf('deploy/postgres/indexes.sql'))
    const after = gatewayOn(url)
    expect(await after.gateway.apiKeysOfUsers([BOB])).toEqual(keys)
    expect(after.wholeTables).toEqual([])
  })

  it('may be run again', () => {
    const url = freshDatabase('schema')
    psql(url, textOf('deploy/postgres/indexes.sql'))
    psql(url, textOf('deploy/postgres/indexes.sql'))
    expect(psql(url, "SELECT count(*) FROM pg_indexes WHERE indexname LIKE 'affinityql%'")).toBe('3\n')
  })
})
