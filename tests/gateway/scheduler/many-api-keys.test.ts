/** API keys of a filter by verdict are read many at a time, in another way than those of a page: the verdicts are the same. */
import { expect, it, onTestFinished } from 'vitest'
import { createGatewayStore } from '../../../src/gateway/aether/aether-gateway.js'
import type { JudgedPin } from '../../../src/gateway/usability.js'
import { createPgDatabase } from '../../../src/postgres/database.js'
import { psql } from '../../support/servers/postgres.js'
import { freshDatabase } from '../../support/servers/shared.js'

/** A statement and a few API keys more. */
const COUNT = 50_010

it('judges API keys of a filter as it judges those of a page, 50,000 with a statement', async () => {
  const url = freshDatabase('fixtures')
  psql(
    url,
    `INSERT INTO api_keys SELECT (json_populate_record(old, json_build_object(
       'id', 'many-' || n, 'key_hash', 'many-' || n, 'is_active', n % 3 > 0, 'user_id', owners[1 + n % cardinality(owners)]))).*
     FROM api_keys old, generate_series(1, ${COUNT}) n, (SELECT array_agg(id) AS owners FROM users) users
     WHERE old.id = (SELECT min(id) FROM api_keys) AND (n <= 50 OR n > ${COUNT} - 50)`,
  )
  const [target = ''] = psql(
    url,
    `SELECT e.provider_id || ' ' || e.id || ' ' || k.id || ' ' || e.api_format || ' ' || m.global_model_id
     FROM provider_api_keys k JOIN provider_endpoints e ON e.id = k.endpoint_id JOIN models m USING (provider_id) LIMIT 1`,
  ).split('\n')
  const [providerId = '', endpointId = '', providerKeyId = '', apiFormat = '', modelId = ''] =
    target.split(' ')
  const database = createPgDatabase({ url })
  onTestFinished(() => database.close())
  const store = createGatewayStore(database)
  const judge = (affinityKey: readonly string[]) =>
    store.judge({
      affinityKey,
      providerId: [providerId],
      endpointId: [endpointId],
      providerKeyId: [providerKeyId],
      modelId: [modelId],
      modelName: [],
    })
  const pinOf = (affinityKey: string): JudgedPin => ({
    ...{ affinityKey, providerId, endpointId, providerKeyId, apiFormat, modelId, modelIs: 'id' },
    ...{ family: 'cache_affinity', clientFamily: undefined, epoch: undefined },
  })
  await judge([])
  const statements: string[] = []
  database.onQuery((sql) => statements.push(sql))
  const ids = [
    ...Array.from({ length: COUNT }, (_, n) => `many-${n + 1}`),
    'no-such-key',
    'no "such\\ {key}, NULL',
  ]
  const ofMany = await judge(ids)
  expect(statements).toHaveLength(2)
  await judge(Array.from({ length: 200_001 }, (_, n) => `none-${n}`))
  expect(statements).toHaveLength(2 + 3)

  const some = [...ids.slice(0, 50), ...ids.slice(-50)]
  const ofPage = await judge(some)
  const reasons = new Set(some.flatMap((id) => ofPage.verdictOf(pinOf(id)).staleReasons))
  expect([...reasons]).toEqual(expect.arrayContaining(['API_KEY_INACTIVE', 'API_KEY_DELETED']))
  for (const id of some) expect(ofMany.verdictOf(pinOf(id))).toEqual(ofPage.verdictOf(pinOf(id)))
})

it('takes API keys for alike that differ in times and amounts, until these decide', async () => {
  const url = freshDatabase('fixtures')
  psql(
    url,
    `INSERT INTO users SELECT (json_populate_record(old, json_build_object('id', n, 'username', n, 'email', n, 'role', 'user',
         'is_active', true, 'quota_usd', 10, 'used_usd', n))).*
       FROM users old, unnest(ARRAY[1, 2, 10, 11, 12]) n WHERE old.id = (SELECT min(id) FROM users);
     INSERT INTO api_keys SELECT (json_populate_record(old, json_build_object('id', n, 'key_hash', n, 'user_id', n,
         'is_active', true, 'is_standalone', false, 'expires_at', now() + n * interval '1 day'))).*
       FROM api_keys old, unnest(ARRAY[1, 2, 10, 11, 12]) n WHERE old.id = (SELECT min(id) FROM api_keys);
     UPDATE users SET used_usd = 'NaN' WHERE id = '12';
     UPDATE api_keys SET expires_at = now() - interval '1 s' WHERE id = '2'`,
  )
  const database = createPgDatabase({ url })
  onTestFinished(() => database.close())
  const ids = ['1', '2', '10', '11', '12']
  const none: readonly string[] = []
  const judge = await createGatewayStore(database).judge({
    ...{ affinityKey: [...ids, 'gone', 'gone too'], providerId: none, endpointId: none, providerKeyId: none },
    ...{ modelId: none, modelName: none },
  })
  const likenessOf = judge.likeness.affinityKey
  const [used, expired, usedUp, over, noNumber] = ids.map(likenessOf)
  expect([usedUp, noNumber]).toEqual([used, used])
  expect(new Set([used, expired, over, likenessOf('gone'), likenessOf('never asked for')]).size).toBe(5)
  expect(likenessOf('gone too')).toBe(likenessOf('gone'))
})
