import { z } from 'zod'
import { parseRedisUrl } from '../../util/redis-url.js'
import { isWholeUrl, percentDecoded } from '../../util/url-text.js'
import { flag, hostPorts, text, type Variable } from '../kinds.js'

const redisUrl = z.string().transform((value, context) => {
  const parts = parseRedisUrl(value)
  if (!('problem' in parts)) return { ...parts, text: value }
  context.addIssue(parts.problem)
  return z.NEVER
})

const databaseUrl = z
  .string()
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
      'The gateway’s PostgreSQL, `postgresql://user:password@host:port/database`. It is read; the only rows ever written are in `audit_logs`. An empty database is given the tables. A special character in the password is percent-encoded: `%` is `%25`.',
  },
  REDIS_URL: {
    schema: redisUrl,
    secret: true,
    description:
      'The gateway’s Redis, `redis://user:password@host:port/database` or, over TLS, `rediss://`. The database is a number, 0 where it is left out.',
  },
  REDIS_SENTINELS: {
    schema: hostPorts(26_379),
    secret: true,
    form: 'list',
    description:
      'Redis Sentinels in place of `REDIS_URL`: `host:port,host:port`, IPv6 addresses in brackets; port 26379 where it is left out. No user and no password: they are in `REDIS_USERNAME` and `REDIS_PASSWORD`.',
  },
  REDIS_SENTINEL_NAME: {
    schema: text,
    secret: false,
    description: 'The name under which the sentinels watch the master. Needs `REDIS_SENTINELS`.',
  },
  REDIS_CLUSTER_NODES: {
    schema: hostPorts(6_379),
    secret: true,
    form: 'list',
    description:
      'Nodes of a Redis Cluster in place of `REDIS_URL`: any of them, `host:port,host:port`; port 6379 where it is left out.',
  },
  REDIS_USERNAME: {
    schema: text,
    secret: true,
    description:
      'The user in Redis, with Sentinel or Cluster. Beside a `REDIS_URL` that names no user it is added; one that names another user is refused.',
  },
  REDIS_PASSWORD: {
    schema: text,
    secret: true,
    description: 'The password of this user, by the same rule.',
  },
  REDIS_TLS: {
    schema: flag,
    secret: false,
    default: 'false',
    description:
      '`true`: TLS to the sentinels and to every node. `REDIS_URL` says it by `rediss://`; beside one that says otherwise it is refused.',
  },
  ENCRYPTION_KEY: {
    schema: text,
    secret: true,
    form: 'exact',
    description:
      'The gateway’s; with it stored keys are decrypted, to be shown masked. White space around it counts, as it does for the gateway.',
  },
  JWT_SECRET_KEY: {
    schema: text,
    secret: true,
    form: 'exact',
    description:
      'The gateway’s; administrators sign in with the same tokens. White space around it counts, as it does for the gateway.',
  },
  DATA_DIR: {
    schema: text,
    secret: false,
    default: '.data',
    description: 'Directory in which the embedded demo keeps its database. Without meaning beside a gateway.',
  },
} as const satisfies Record<string, Variable>
