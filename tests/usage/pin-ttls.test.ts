import { expect, it } from 'vitest'
import { keySettings } from '../../src/gateway/aether/usage/pin-ttls.js'
import { psql } from '../support/servers/postgres.js'
import { freshDatabase } from '../support/servers/shared.js'

it.each(['varchar(36)', 'uuid'])('what provider keys are set to is read by ids of type %s', (type) => {
  const url = freshDatabase('empty')
  const [first, second] = ['0a000000-0000-4000-8000-000000000000', 'b0000000-0000-4000-8000-000000000000']
  psql(
    url,
    `CREATE TABLE provider_api_keys (id ${type}, cache_ttl_minutes integer, is_active boolean);
     INSERT INTO provider_api_keys VALUES ('${second}', NULL, true), ('${first}', 7, false)`,
  )
  const statement = keySettings({ generation: 'PROVIDER_KEYS', mayRead: () => true })
  const rows = psql(url, statement?.sql ?? '')
    .trim()
    .split('\n')
  expect(rows.map((row) => row.split('|'))).toEqual([
    [first, '7', '1'],
    [second, '5', '0'],
  ])
})
