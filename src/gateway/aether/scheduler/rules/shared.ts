import type { Case } from '../case.js'
import { common, limitUnlessEmpty, truthIn } from '../lists.js'
import { type ConditionRule, type Rule, rule } from './rule.js'

/* Rules that gateways of several generations have. */

export const API_KEY: readonly Rule[] = [
  rule('API_KEY_DELETED', 'the API key has no row', ({ apiKey }) => !apiKey),
  rule('API_KEY_INACTIVE', 'the API key is not active', ({ apiKey }) => apiKey?.isActive === false),
  rule('API_KEY_EXPIRED', '`api_keys.expires_at` is past', ({ apiKey }) => apiKey?.isExpired === true),
]
export const USER_INACTIVE = rule(
  'USER_INACTIVE',
  'the owner is not active, also of a standalone key',
  ({ user }) => user?.isActive === false,
)

export const PROVIDER: readonly Rule[] = [
  rule('PROVIDER_DELETED', 'the provider has no row', ({ provider }) => !provider),
  rule('PROVIDER_INACTIVE', 'the provider is not active', ({ provider }) => provider?.isActive === false),
]
export const PROVIDER_NOT_ALLOWED = rule(
  'PROVIDER_NOT_ALLOWED',
  '`allowed_providers` of the API key and of its owner have neither the id nor the `name` of the provider in common',
  ({ apiKey, user, provider }) => {
    const allowed = common(
      limitUnlessEmpty(apiKey?.allowedProviders),
      limitUnlessEmpty(user?.allowedProviders),
    )
    return (
      provider !== null && !(allowed?.some((one) => one === provider.id || one === provider.name) ?? true)
    )
  },
)

export const ENDPOINT: readonly Rule[] = [
  rule('ENDPOINT_DELETED', 'the endpoint has no row', ({ endpoint }) => !endpoint),
  rule('ENDPOINT_INACTIVE', 'the endpoint is not active', ({ endpoint }) => endpoint?.isActive === false),
  rule(
    'ENDPOINT_OF_OTHER_PROVIDER',
    'the endpoint belongs to another provider than the pinned one',
    ({ endpoint, pin }) => endpoint?.providerId != null && endpoint.providerId !== pin.providerId,
  ),
]

export const PROVIDER_KEY: readonly Rule[] = [
  rule('PROVIDER_KEY_DELETED', 'the provider key has no row', ({ providerKey }) => !providerKey),
  rule(
    'PROVIDER_KEY_INACTIVE',
    'the provider key is not active',
    ({ providerKey }) => providerKey?.isActive === false,
  ),
]

export const MODEL_INACTIVE = rule(
  'MODEL_INACTIVE',
  'the global model is not active',
  ({ globalModel }) => globalModel?.isActive === false,
)

/** Rules of gateways whose keys hold a global model by its id. */
export const MODEL_BY_ID: readonly Rule[] = [
  rule(
    'MODEL_DELETED',
    'the model in the key is no global model’s id; names are never read',
    ({ globalModel }) => !globalModel,
  ),
  MODEL_INACTIVE,
  rule(
    'MODEL_NOT_AT_PROVIDER',
    'the provider has no active `models` row for the global model; `is_available` is not looked at',
    ({ models }) => !models.some(({ isActive }) => isActive),
  ),
]

export const streaming = (holds: (one: Case) => boolean, when: string): ConditionRule =>
  rule('STREAMING', when, holds)

/** Whether no model of the provider streams. If some of several do, the order of rows decides, so nothing is told. */
export function neverStreams({ models, globalModel }: Case): boolean {
  const byDefault = truthIn(globalModel?.config, 'streaming') ?? true
  const active = models.filter(({ isActive }) => isActive)
  return active.length > 0 && active.every(({ streams }) => (streams ?? byDefault) === false)
}
export const NO_STREAMS =
  'no active model of the provider streams: `models.supports_streaming`, else `streaming` in `global_models.config`, is false'

/** A gateway reads keys of one family; others may be left by another generation. */
export const neverRead = (family: string): Rule =>
  rule('NEVER_READ', `the key is not of the family \`${family}\``, ({ pin }) => pin.family !== family)
