import { afterAll, beforeAll, expect, it } from 'vitest'
import { createGatewayStore } from '../../src/gateway/aether/aether-gateway.js'
import { startTestApp, type TestApp } from '../support/app.js'
import { psql } from '../support/servers/postgres.js'

const KEYS = 6_000
let service: TestApp

beforeAll(async () => {
  service = await startTestApp()
  psql(
    service.databaseUrl,
    `INSERT INTO api_keys (id, user_id, key_hash, key_encrypted, name, is_standalone, is_active, auto_delete_on_expiry, created_at, updated_at)
     SELECT 'wide-' || n, (SELECT min(id) FROM users), 'wide-' || n, '', 'wide name ' || n, false, true, false, now(), now()
     FROM generate_series(1, ${KEYS}) n`,
  )
})
afterAll(() => service.close())

it('reads the API keys whose names have a text in pieces, and keeps those alone that are wanted', async () => {
  const store = createGatewayStore(service.app.database)
  let all: ReadonlySet<string> | undefined
  const statements = await service.statementsOf(async () => {
    all = (await store.idsNamed('wide name')).affinityKey
  })
  expect([...(all ?? [])].toSorted()).toEqual(
    Array.from({ length: KEYS }, (_, n) => `wide-${n + 1}`).toSorted(),
  )
  // A look whether there are many; then 2,500, 2,500 and 1,000.
  expect(statements.filter((sql) => sql.includes('FROM api_keys'))).toHaveLength(4)
  const wanted = new Set(['wide-7', 'wide-5999'])
  expect((await store.idsNamed('wide name', (id) => wanted.has(id))).affinityKey).toEqual(wanted)
})
