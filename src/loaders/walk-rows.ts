import type {
  ApiKeyRow,
  EndpointRow,
  GlobalModelRow,
  ProviderKeyRow,
  ProviderRow,
  UserRow,
} from '../gateway/rows.js'
import type { Judge } from '../gateway/usability.js'
import type { Loaders } from './index.js'

type Rows<Row> = Map<string, Row | null>

/**
 * Rows that the pages of walks have read, by id. A walk through all affinities meets an API key in ten pages and a provider in
 * every page. They are kept for some seconds only, so that a walk shows no older rows than a list with a filter by verdict.
 */
export interface WalkRows {
  readonly users: Rows<UserRow>
  readonly apiKeys: Rows<ApiKeyRow>
  readonly providers: Rows<ProviderRow>
  readonly endpoints: Rows<EndpointRow>
  readonly providerKeys: Rows<ProviderKeyRow>
  readonly globalModels: Rows<GlobalModelRow>
  readonly globalModelsNamed: Rows<GlobalModelRow>
  /** The judge that knows an API key, by the key's id. */
  readonly judges: Map<string, Judge>
}

/** The question whose answer is the rows of walks. */
export const WALK_ROWS = 'rows of walks'

/** API keys of which rows are kept at most, some 25 MB with their users. */
const MOST_API_KEYS = 20_000

export const createWalkRows = (): WalkRows => ({
  users: new Map(),
  apiKeys: new Map(),
  providers: new Map(),
  endpoints: new Map(),
  providerKeys: new Map(),
  globalModels: new Map(),
  globalModelsNamed: new Map(),
  judges: new Map(),
})

/** Whether no further rows should be added. */
export const isFull = ({ apiKeys, judges }: WalkRows): boolean =>
  Math.max(apiKeys.size, judges.size) >= MOST_API_KEYS

/** Lets loaders use these rows, and add those that they read from now on. */
export function shareRows(loaders: Loaders, rows: WalkRows): void {
  loaders.users.share(rows.users)
  loaders.apiKeys.byId.share(rows.apiKeys)
  loaders.providers.share(rows.providers)
  loaders.endpoints.share(rows.endpoints)
  loaders.providerKeys.share(rows.providerKeys)
  loaders.globalModels.share(rows.globalModels)
  loaders.globalModelsNamed.share(rows.globalModelsNamed)
  loaders.verdicts.share(rows.judges)
}
