import type { SortField } from '../address.js'

/** The titles of the columns that sort. */
export const COLUMN_OF = {
  USER: 'user',
  API_KEY: 'apiKey',
  API_FORMAT: 'format',
  MODEL: 'model',
  PROVIDER: 'provider',
  PROVIDER_KEY: 'providerKey',
  REQUEST_COUNT: 'requests',
  CREATED_AT: 'created',
  EXPIRES_AT: 'ttl',
} as const satisfies Record<SortField, string>
