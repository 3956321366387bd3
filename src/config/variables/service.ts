import { baseUrls, decimal, flag, httpUrl, list, oneOf, text, type Variable, wholeNumber } from '../kinds.js'

const bearerToken = text.regex(/^[\x21-\x7e]+$/, { error: 'must be one word of ASCII characters' })

const files = list((path) => path, 'must be paths of files, comma-separated')

/** Variables of the service's other parts: audit, statistics, index, write-back guard and trusted documents. */
export const SERVICE = {
  AUDIT_SPOOL_DIR: {
    schema: text,
    secret: false,
    default: '.data/audit-spool',
    description:
      'The outcome of a clear waits in this directory, synced to disk, while the database cannot take it. Keep the directory across restarts.',
  },
  GATEWAY_URLS: {
    schema: baseUrls,
    secret: true,
    form: 'list',
    description:
      'These are the base URLs of the gateway’s nodes, comma-separated: every process, and not a load balancer in their place. A path is kept, a slash at the end is not. Clears call each node’s own API, so that pins in use go as well, and the service reads each one’s statistics every 60 s.',
  },
  GATEWAY_TOKEN: {
    schema: bearerToken,
    secret: true,
    description:
      'This is a management token of an administrator for these nodes; the service sends it to them alone. The Rust gateway needs `admin:monitoring:read` and `admin:monitoring:write` for it. The oldest generation accepts an access token that the service signs for the administrator who clears, so there the token may be left out.',
  },
  GATEWAY_TOKEN_FILE: {
    schema: text,
    secret: false,
    description:
      'The token may be in this file instead. The service reads the file again when it has changed.',
  },
  CLEAR_AT_ONCE: {
    schema: flag,
    secret: false,
    default: 'false',
    description:
      'With `true`, a clear at the Rust gateway acts at once: after it, the service writes the present name of one API key again (`PUT /api/admin/users/{id}/api-keys/{id}`), which lets each node forget its ranked candidates and changes nothing else. The token needs `admin:users:write`; the audit event names the API key. This needs `GATEWAY_URLS`.',
  },
  METRICS_PUBLIC: {
    schema: flag,
    secret: false,
    default: 'false',
    description: 'With `true`, `/metrics` needs no token.',
  },
  USAGE_METRICS: {
    schema: flag,
    secret: false,
    default: 'false',
    description:
      'With `true`, `/metrics` has what the providers’ caches earned in the last 24 hours, and what switches to other provider keys lost. The service sums usage rows for it at most once in 5 minutes.',
  },
  CACHE_RESERVATION_RATIO: {
    schema: decimal(0, 1),
    secret: false,
    default: '0.1',
    description:
      '`cacheConfig` shows this share of capacity as kept for pinned requests, 0 to 1. Set it if the gateway’s own value was changed.',
  },
  AFFINITY_INDEX: {
    schema: flag,
    secret: false,
    default: 'on',
    description:
      'With `off`, the service keeps no affinity in memory, and every request reads all of them. Use it if memory is short, or if gateways write more than some 20,000 times a second.',
  },
  RECONCILE_SECONDS: {
    schema: wholeNumber(0, 3_600),
    secret: false,
    default: '300',
    description:
      'Within so many seconds, 0 to 3600, the service compares each affinity that it holds in memory once with Redis, a slice at a time, and within six times as many it finds keys that are new though Redis did not tell. After a difference it compares everything at once. [costs.md](costs.md#at-rest) says what this costs Redis. 0 switches it off.',
  },
  CLEAR_GUARD_SECONDS: {
    schema: decimal(0, 60),
    secret: false,
    default: '5',
    description:
      'For so many seconds after a clear, 0 to 60, the service removes a cleared affinity again if a gateway writes it back from its memory with its old `created_at`, and counts what has come back at the end. 0 switches this off. With `GATEWAY_URLS` the default is 15.',
  },
  TRUSTED_DOCUMENTS_ONLY: {
    schema: flag,
    secret: false,
    default: 'false',
    description:
      'With `true`, the service runs only registered documents: those of the console, of the command line, of the typed client and of this documentation. It answers any other with `BAD_USER_INPUT`. A client sends a document’s text (white space, the order of fragments and added `__typename`s do not matter) or its SHA-256, as `documentId` or `extensions.persistedQuery.sha256Hash`. GraphiQL is off.',
  },
  TRUSTED_DOCUMENTS_FILE: {
    schema: files,
    secret: false,
    form: 'list',
    description:
      'The service registers the documents of these files as well: JSON files, comma-separated, each one object whose values are documents, such as GraphQL Code Generator’s `persisted-documents.json`.',
  },
} as const satisfies Record<string, Variable>

const protocol = oneOf('http/protobuf', 'http/json')

/** OpenTelemetry's variables that this service reads. OpenTelemetry's SDK reads all the others by itself. */
export const TRACING = {
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    schema: httpUrl,
    secret: true,
    description:
      'This is the base URL of a collector that takes OTLP over HTTP, such as `http://collector:4318`. It switches traces on; the service adds `/v1/traces`.',
  },
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: {
    schema: httpUrl,
    secret: true,
    description: 'This is the URL for traces alone; the service adds nothing to it.',
  },
  OTEL_TRACES_EXPORTER: {
    schema: oneOf('otlp', 'none'),
    secret: false,
    description:
      '`none` switches traces off. `otlp` switches them on even if no endpoint is set, and sends them to `http://localhost:4318`.',
  },
  OTEL_EXPORTER_OTLP_PROTOCOL: {
    schema: protocol,
    secret: false,
    default: 'http/protobuf',
    description: 'The service encodes traces as `http/protobuf` or `http/json`; there is no gRPC.',
  },
  OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: {
    schema: protocol,
    secret: false,
    description: 'This is the encoding for traces alone.',
  },
  OTEL_SDK_DISABLED: {
    schema: flag,
    secret: false,
    default: 'false',
    description: 'With `true`, there are no traces, whatever else is set.',
  },
} as const satisfies Record<string, Variable>
