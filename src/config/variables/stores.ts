import { z } from 'zod'
import { isWholeUrl, parseRedisUrl, percentDecoded } from '../../util/urls.js'
import { flag, hostPorts, oneOf, text, type Variable, wholeNumber } from '../kinds.js'

const redisUrl = z.string().transform((value, context) => {
  const parts = parseRedisUrl(value)
  if (!('problem' in parts)) return { ...parts, text: value }
  context.addIssue(parts.problem)
  return z.NEVER
})

/** Databases that gateways can run on and this service cannot, with or without the name of a driver. */
const OTHER_DATABASES = /^(sqlite|file|mysql|mariadb)(\+\w+)?:/i

const databaseUrl = z
  .string()
  .refine((value) => !OTHER_DATABASES.test(value), {
    error: 'names a gateway’s SQLite or MySQL, and this service reads PostgreSQL alone',
    abort: true,
  })
  .regex(/^postgres(ql)?:\/\//, { error: 'must begin with postgresql://', abort: true })
  .refine((value) => isWholeUrl(value) && isDecodable(new URL(value)), {
    error: 'is not a valid URL: a special character in the password must be percent-encoded',
  })

/** Returns true if the percent-encoding is valid. PostgreSQL's driver throws on some invalid ones and guesses others. */
const isDecodable = ({ username, password, hostname, pathname }: URL): boolean =>
  [username, password, hostname, pathname].every((part) => percentDecoded(part) !== undefined)

/** Variables of the gateway's stores and secrets. */
export const STORES = {
  DATABASE_URL: {
    schema: databaseUrl,
    secret: true,
    description:
      'This is the gateway’s PostgreSQL, `postgresql://user:password@host:port/database`. The service reads it, and writes rows only in `audit_logs`. It makes no tables, so it refuses an empty database. Percent-encode a special character in the password: `%` is `%25`.',
  },
  DATABASE_POOL_SIZE: {
    schema: wholeNumber(1, 100),
    secret: false,
    default: '10',
    description:
      'So many SQL statements run at the same time, 1 to 100, each on a connection; one more connection is for health probes. If the role has a CONNECTION LIMIT, the service takes at most three quarters of it, and its log says so.',
  },
  USAGE_DATABASE_URL: {
    schema: databaseUrl,
    secret: true,
    description:
      'Usage rows are read from this PostgreSQL, such as a standby of the gateway’s, in place of `DATABASE_URL`. Its user needs SELECT on `usage` and `usage_settlement_snapshots`. The service takes at most three connections.',
  },
  REDIS_URL: {
    schema: redisUrl,
    secret: true,
    description:
      'This is the gateway’s Redis, `redis://user:password@host:port/database` or, over TLS, `rediss://`. The database is a number, 0 by default.',
  },
  REDIS_SENTINELS: {
    schema: hostPorts(26_379),
    secret: true,
    form: 'list',
    description:
      'These Redis Sentinels take the place of `REDIS_URL`: `host:port,host:port`, IPv6 addresses in brackets, port 26379 by default. The user and the password are in `REDIS_USERNAME` and `REDIS_PASSWORD`, not here.',
  },
  REDIS_SENTINEL_NAME: {
    schema: text,
    secret: false,
    description: 'The sentinels watch the master under this name. This needs `REDIS_SENTINELS`.',
  },
  REDIS_CLUSTER_NODES: {
    schema: hostPorts(6_379),
    secret: true,
    form: 'list',
    description:
      'These nodes of a Redis Cluster take the place of `REDIS_URL`: any of its nodes, `host:port,host:port`, port 6379 by default.',
  },
  REDIS_USERNAME: {
    schema: text,
    secret: true,
    description:
      'This is the user in Redis, with Sentinel or Cluster. The service adds it to a `REDIS_URL` that names no user, and refuses a URL that names another one.',
  },
  REDIS_PASSWORD: {
    schema: text,
    secret: true,
    description: 'This is the password of that user; the same rule holds.',
  },
  REDIS_TLS: {
    schema: flag,
    secret: false,
    default: 'false',
    description:
      'With `true`, the service uses TLS to the sentinels and to every node. `REDIS_URL` asks for TLS by `rediss://`; the service refuses a URL that says otherwise.',
  },
  REDIS_KEY_PREFIX: {
    schema: text,
    secret: false,
    description:
      'The gateway puts this name and a colon before every key in Redis (`AETHER_RUNTIME_REDIS_KEY_PREFIX` of the Rust gateway). By default nothing stands before its keys. With a wrong one all lists are empty: `gateway.families` and `npx affinityql doctor` then name the keys of the other prefix.',
  },
  ENCRYPTION_KEY: {
    schema: text,
    secret: true,
    form: 'exact',
    description:
      'This is the gateway’s key, with which the service decrypts stored keys to show their masks. White space around it counts, as it does for the gateway.',
  },
  JWT_SECRET_KEY: {
    schema: text,
    secret: true,
    form: 'exact',
    description:
      'This is the gateway’s key for tokens, so that administrators sign in with the same tokens. White space around it counts, as it does for the gateway.',
  },
  DEMO_GATEWAY: {
    schema: oneOf('endpoint-keys', 'provider-keys', 'process-memory'),
    secret: false,
    default: 'endpoint-keys',
    description:
      'The embedded demo plays a gateway of this [generation](gateways.md): `endpoint-keys`, `provider-keys` or `process-memory`. Each has a database of its own. It is refused beside a gateway.',
  },
  DATA_DIR: {
    schema: text,
    secret: false,
    default: '.data',
    description:
      'The embedded demo keeps its database and its token in this directory. It has no meaning beside a gateway.',
  },
} as const satisfies Record<string, Variable>
