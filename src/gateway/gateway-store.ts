import type { DimensionSets } from '../affinities/affinity-selection.js'
import type {
  ApiKeyRow,
  EndpointRow,
  GlobalModelRow,
  ProviderKeyRow,
  ProviderRow,
  SchedulingModes,
  ServingModelRow,
  UserRow,
} from './rows.js'

type Ids = readonly string[]

export interface OwnedApiKey {
  readonly apiKey: ApiKeyRow
  /** Null where the user's row has been deleted. */
  readonly owner: UserRow | null
}

/**
 * The gateway's rows, read only. Each method but `idsNamed` issues one SQL statement whatever the number of ids, returns the rows
 * that exist in no order, and throws UnavailableError (DATABASE_UNAVAILABLE) when the database does not answer.
 */
export interface GatewayStore {
  users(ids: Ids): Promise<UserRow[]>
  apiKeys(ids: Ids): Promise<ApiKeyRow[]>
  /** Every API key of these users. */
  apiKeysOfUsers(userIds: Ids): Promise<ApiKeyRow[]>
  apiKeysWithOwners(ids: Ids): Promise<OwnedApiKey[]>
  /** These API keys and every other key of their users. */
  apiKeysWithSiblings(ids: Ids): Promise<OwnedApiKey[]>
  providers(ids: Ids): Promise<ProviderRow[]>
  endpoints(ids: Ids): Promise<EndpointRow[]>
  providerKeys(ids: Ids): Promise<ProviderKeyRow[]>
  globalModels(ids: Ids): Promise<GlobalModelRow[]>
  /** The models by which active providers serve these global models. */
  servingModels(globalModelIds: Ids): Promise<ServingModelRow[]>
  /** The modes that are set; the gateway's defaults where none is, or one that nobody knows. */
  schedulingModes(): Promise<SchedulingModes>
  /** Users whose id, username or email is exactly this text: at most one of each. */
  usersNamed(text: string): Promise<UserRow[]>
  /** Ids of what has the text in its name (an API key also in its user's id, username or email), whatever its case: two statements. */
  idsNamed(text: string): Promise<DimensionSets>
}
