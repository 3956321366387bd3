import proxyAddr from 'proxy-addr'
import { z } from 'zod'
import { adminTokens } from '../admin-tokens.js'
import { limit, oneOf, origins, text, type Variable, wholeNumber } from '../kinds.js'

/** Smallest limit for a viewer: a smaller one would always refuse the most expensive operation that is permitted. */
const LEAST_VIEWER_COST = 300_000
/** Smallest limit for an address: ten requests a minute, so that a person can sign in. */
const LEAST_ADDRESS_COST = 1_000

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
      'Tokens for scripts: `name:role:sha256hex,…`; role `admin` or `viewer` (reads, clears nothing); the hash is SHA-256 of the token, in hexadecimal.',
  },
  HOST: { schema: text, secret: false, default: '127.0.0.1', description: 'Address to listen on.' },
  PORT: {
    schema: wholeNumber(0, 65_535, 'a port number from 0 to 65535'),
    secret: false,
    default: '4000',
    description: 'Port to listen on, 0 to 65535; 0 takes any that is free.',
  },
  TRUST_PROXY: {
    schema: trustedProxies,
    secret: false,
    form: 'list',
    description:
      'Who may name the client in `X-Forwarded-For`: the number of proxies in front, or their addresses, ranges and names (`loopback`, `linklocal`, `uniquelocal`), comma-separated. Without it nobody may.',
  },
  CORS_ORIGINS: {
    schema: origins,
    secret: true,
    form: 'list',
    description:
      'Web origins whose pages may ask, such as `https://ops.example`, comma-separated. The console needs none: it comes from here.',
  },
  RATE_LIMIT_VIEWER: {
    schema: limit(LEAST_VIEWER_COST),
    secret: false,
    default: '30000000',
    description: `[Cost](api.md#cost) that a viewer may ask for in a minute, at least ${LEAST_VIEWER_COST}: listing a million affinities with their names fits. \`0\`: no limit.`,
  },
  RATE_LIMIT_ADDRESS: {
    schema: limit(LEAST_ADDRESS_COST),
    secret: false,
    default: '60000',
    description: `The same for an address, for all its requests without a valid token, at least ${LEAST_ADDRESS_COST}: 600 of them. \`0\`: no limit.`,
  },
  OPERATION_TIMEOUT_SECONDS: {
    schema: wholeNumber(0, 600),
    secret: false,
    default: '10',
    description:
      'A query that takes longer is stopped, in whole seconds, 0 to 600; `0`: it may take as long as it does. Clears are always finished.',
  },
  NODE_ENV: {
    schema: environmentName,
    secret: false,
    description:
      '`production` switches introspection, GraphiQL and name suggestions off, and refuses secrets that are weak. Any other name is development; what only looks like `production` is refused.',
  },
  LOG_LEVEL: {
    schema: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
    secret: false,
    default: 'info',
    description: '`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`.',
  },
} as const satisfies Record<string, Variable>
