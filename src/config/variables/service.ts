import { baseUrls, decimal, flag, list, text, type Variable } from '../kinds.js'

const bearerToken = text.regex(/^[\x21-\x7e]+$/, { error: 'must be one word of ASCII characters' })

const files = list((path) => path, 'must be paths of files, comma-separated')

/** Variables of the service's other parts: audit, statistics, index, write-back guard and trusted documents. */
export const SERVICE = {
  AUDIT_SPOOL_DIR: {
    schema: text,
    secret: false,
    default: '.data/audit-spool',
    description:
      'Directory in which the outcome of a clear waits, synced to disk, while the database cannot take it. Keep it across restarts.',
  },
  GATEWAY_URLS: {
    schema: baseUrls,
    secret: true,
    form: 'list',
    description:
      'Base URLs of gateways that keep their statistics to themselves, comma-separated: each is asked every 10 s, and what it counts is added to what is in Redis. Leave out a gateway that reports to Redis: it would count twice. Needs `GATEWAY_TOKEN`.',
  },
  GATEWAY_TOKEN: {
    schema: bearerToken,
    secret: true,
    description: 'An administrator’s token of these gateways; it is sent to them alone.',
  },
  METRICS_PUBLIC: {
    schema: flag,
    secret: false,
    default: 'false',
    description: '`true`: `/metrics` needs no token.',
  },
  CACHE_RESERVATION_RATIO: {
    schema: decimal(0, 1),
    secret: false,
    default: '0.1',
    description:
      'What `cacheConfig` shows as the share of capacity kept for pinned requests, 0 to 1: set it where the gateway’s own is changed.',
  },
  AFFINITY_INDEX: {
    schema: flag,
    secret: false,
    default: 'on',
    description:
      '`off`: no affinity is kept in memory, and every request reads all of them. For a memory too small, or more than some 20,000 writes a second.',
  },
  CLEAR_GUARD_SECONDS: {
    schema: decimal(0, 60),
    secret: false,
    default: '5',
    description:
      'For so many seconds after a clear (0 to 60) a cleared affinity that a gateway writes back from its memory, with its old `created_at`, is removed again. 0 leaves it.',
  },
  TRUSTED_DOCUMENTS_ONLY: {
    schema: flag,
    secret: false,
    default: 'false',
    description:
      '`true`: only registered documents are run, those of the console, of the command line and typed client, and of this documentation; anything else is `BAD_USER_INPUT`. A client sends a document’s text (white space, the order of fragments and added `__typename`s do not matter) or its SHA-256, as `documentId` or `extensions.persistedQuery.sha256Hash`. GraphiQL is off.',
  },
  TRUSTED_DOCUMENTS_FILE: {
    schema: files,
    secret: false,
    form: 'list',
    description:
      'Documents of your own, registered as well: JSON files, comma-separated, each one object whose values are documents, such as GraphQL Code Generator’s `persisted-documents.json`.',
  },
} as const satisfies Record<string, Variable>
