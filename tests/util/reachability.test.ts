import { describe, expect, it } from 'vitest'
import { cacheUnavailable } from '../../src/errors.js'
import { createPgDatabase } from '../../src/postgres/database.js'
import { addressOfRedis, type RedisConfig } from '../../src/redis/client.js'
import { reasonOf } from '../../src/util/reachability.js'

describe('the address that a person is told', () => {
  it.each([
    ['postgresql://who:hunter2@db.example:6432/gateway?schema=x', 'db.example:6432'],
    ['postgresql://who:hunter2@db.example/gateway', 'db.example:5432'],
    ['postgresql://who:hunter2@[::1]:5433/gateway', '[::1]:5433'],
    ['postgresql://who:hunter2@localhost/gateway?host=/run/postgresql', '/run/postgresql/.s.PGSQL.5432'],
    ['postgresql://who:hunter2@db.example/gateway?sslrootcert=/none', 'db.example:5432'],
  ])('of %s is %s', async (url, address) => {
    const database = createPgDatabase({ url })
    expect(database.address).toBe(address)
    await database.close()
  })

  it.each<[RedisConfig, string]>([
    [{ kind: 'single', url: 'rediss://who:hunter2@cache.example/3?a=b' }, 'cache.example:6379'],
    [{ kind: 'single', url: 'redis://:hunter2@[::1]:6380' }, '[::1]:6380'],
    [
      {
        kind: 'sentinel',
        sentinels: [
          { host: 'one', port: 26_379 },
          { host: 'two', port: 26_380 },
        ],
        name: 'main',
        password: 'hunter2',
      },
      'one:26379, two:26380',
    ],
    [{ kind: 'cluster', nodes: [{ host: '::1', port: 7_000 }], username: 'who' }, '[::1]:7000'],
  ])('of %j is %s', (config, address) => {
    expect(addressOfRedis(config)).toBe(address)
  })
})

describe('the reason that a person is told', () => {
  const coded = (code: string) => Object.assign(new Error('who at db.example'), { code })

  it.each([
    [coded('ECONNREFUSED'), 'nothing listens there'],
    [cacheUnavailable(coded('ENOTFOUND')), 'its host name is not known'],
    [
      cacheUnavailable(new Error('WRONGPASS invalid username-password pair')),
      'wrong password, or unknown user',
    ],
    [coded('EUNHEARDOF'), 'EUNHEARDOF'],
    [new Error('who at db.example'), undefined],
  ])('of %o is %s', (error, reason) => {
    expect(reasonOf(error)).toBe(reason)
  })
})
