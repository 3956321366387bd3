import proxyAddr from 'proxy-addr'
import { z } from 'zod'
import { adminTokens } from '../admin-tokens.js'
import { limit, oneOf, origins, text, type Variable, wholeNumber } from '../kinds.js'

/** Smallest limit for a viewer: a smaller one would always refuse the most expensive operation that is permitted. */
const LEAST_VIEWER_COST = 300_000
/** Smallest limit for an address: ten requests a minute, so that a person can sign in. */
const LEAST_ADDRESS_COST = 1_000

/** Smallest limit for operations in flight: a page of the console sends a few. */
const LEAST_OPERATIONS = 10
/** Smallest limit for all connections, and for those of an address: a browser opens six. */
const LEAST_CONNECTIONS = 100
const LEAST_ADDRESS_CONNECTIONS = 10

/** Parses the trusted proxies: their number, or their addresses, ranges and names. */
const trustedProxies = z.string().transform((value, context): number | readonly string[] => {
  if (/^\d+$/.test(value)) return Number(value)
  const proxies = value.split(',').map((part) => part.trim())
  try {
    proxyAddr.compile(proxies)
    return proxies
  } catch {
    context.addIssue(
      'must be a number of proxies, or addresses, ranges and names (loopback, linklocal, uniquelocal), comma-separated',
    )
    return z.NEVER
  }
})

/** Refuses `Production`, `prod` and the like: libraries compare with exactly `production`, and would run in development mode. */
const environmentName = z.string().refine((value) => value === 'production' || !/^prod/i.test(value), {
  error: 'must be production, in full and in small letters, or name another environment',
})

/** Variables of the HTTP server: address, tokens, proxies, origins and limits. */
export const SERVER = {
  ADMIN_TOKENS: {
    schema: adminTokens,
    secret: true,
    form: 'list',
    description:
      'These are tokens for scripts: `name:role:sha256hex,…`. The role is `admin`, or `viewer`, which reads and clears nothing. The hash is the SHA-256 of the token in hexadecimal.',
  },
  HOST: {
    schema: text,
    secret: false,
    default: '127.0.0.1',
    description: 'The service listens on this address.',
  },
  PORT: {
    schema: wholeNumber(0, 65_535, 'a port number from 0 to 65535'),
    secret: false,
    default: '4000',
    description: 'The service listens on this port, 0 to 65535; 0 takes any free port.',
  },
  TRUST_PROXY: {
    schema: trustedProxies,
    secret: false,
    form: 'list',
    description:
      'These proxies may name the client in `X-Forwarded-For`: the number of proxies in front of the service, or their addresses, ranges and names (`loopback`, `linklocal`, `uniquelocal`), comma-separated. If it is not set, no proxy may.',
  },
  CORS_ORIGINS: {
    schema: origins,
    secret: true,
    form: 'list',
    description:
      'Pages of these web origins may send requests, such as `https://ops.example`, comma-separated. The console needs none, since the service itself serves it.',
  },
  RATE_LIMIT_VIEWER: {
    schema: limit(LEAST_VIEWER_COST),
    secret: false,
    default: '30000000',
    description: `A viewer may ask for so much [cost](api.md#cost) in a minute, at least ${LEAST_VIEWER_COST}; 1 is a record, row or key that is read, or a field that is written. A list of a million affinities without their names fits. \`0\` sets no limit.`,
  },
  RATE_LIMIT_ADDRESS: {
    schema: limit(LEAST_ADDRESS_COST),
    secret: false,
    default: '60000',
    description: `An address may ask for so much cost in a minute with all its requests without a valid token, at least ${LEAST_ADDRESS_COST}, which is 600 requests. \`0\` sets no limit.`,
  },
  MAX_OPERATIONS: {
    schema: limit(LEAST_OPERATIONS),
    secret: false,
    default: '200',
    description: `So many operations may be in flight at the same time, at least ${LEAST_OPERATIONS}; the service refuses others at once with [OVERLOADED](api.md#errors). A subscription counts until it is open. \`0\` sets no limit.`,
  },
  MAX_CONNECTIONS: {
    schema: limit(LEAST_CONNECTIONS),
    secret: false,
    default: '2000',
    description: `So many connections may be open at the same time, at least ${LEAST_CONNECTIONS}; the service refuses others. \`0\` sets no limit.`,
  },
  MAX_CONNECTIONS_PER_ADDRESS: {
    schema: limit(LEAST_ADDRESS_CONNECTIONS),
    secret: false,
    default: '200',
    description: `One address may have so many connections open at the same time, at least ${LEAST_ADDRESS_CONNECTIONS}; the /64 of an IPv6 address counts as one. The limit does not hold for a proxy of \`TRUST_PROXY\`. \`0\` sets no limit.`,
  },
  OPERATION_TIMEOUT_SECONDS: {
    schema: wholeNumber(0, 600),
    secret: false,
    default: '10',
    description:
      'The service stops a query that takes longer than so many whole seconds, 0 to 600; `0` sets no limit. A query that sums usage rows may take 30 s in any case. The service always finishes a clear.',
  },
  NODE_ENV: {
    schema: environmentName,
    secret: false,
    description:
      '`production` switches introspection, GraphiQL and name suggestions off, and refuses weak secrets. Any other name means development; the service refuses a name that only looks like `production`.',
  },
  LOG_LEVEL: {
    schema: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
    secret: false,
    default: 'info',
    description:
      'The log has lines of this level and above: `fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`.',
  },
} as const satisfies Record<string, Variable>
