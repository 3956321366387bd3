import { entriesOf } from '../../fields.js'
import { type Case, mappedNames } from '../case.js'
import { type Conversion, type Service, serviceOf } from '../formats.js'
import { limitOf, truthIn, valueIn } from '../lists.js'
import { matchesWhole } from '../patterns.js'
import { type ConditionRule, type Rule, rule } from './rule.js'
import { API_KEY, NO_STREAMS, neverStreams, PROVIDER_KEY, streaming, USER_INACTIVE } from './shared.js'

/* Rules of the gateways whose provider keys belong to a provider. */

export const conversionOf = ({ convertsFormats, provider, endpoint }: Case): Conversion => ({
  setting: convertsFormats,
  provider: provider?.convertsFormats ?? null,
  endpoint: endpoint?.acceptance,
})

export const service = (one: Case): Service =>
  one.endpoint?.apiFormat == null
    ? 'not'
    : serviceOf(one.pin.apiFormat, one.endpoint.apiFormat, conversionOf(one))

/** What the breaker of the endpoint's format says; undefined unless it is open. */
export const openBreaker = ({ providerKey, endpoint }: Case) =>
  endpoint?.apiFormat == null ? undefined : whatIsOpen(valueIn(providerKey?.breakers, endpoint.apiFormat))

/** What the open breakers of a provider key say, each beside its format. */
export const openBreakers = (breakers: unknown): unknown =>
  (entriesOf(breakers) ?? []).flatMap(([format, breaker]) => {
    const open = whatIsOpen(breaker)
    return open ? [[format, open]] : []
  })

function whatIsOpen(breaker: unknown) {
  if (truthIn(breaker, 'open') !== true) return undefined
  const secondsOf = (name: string): number | null => {
    const time = Date.parse(String(valueIn(breaker, name)))
    return Number.isNaN(time) ? null : time / 1_000
  }
  return { halfOpenUntil: secondsOf('half_open_until'), nextProbeAt: secondsOf('next_probe_at') }
}

/** Whether a provider key's list of models, where it has one, allows none of the names of the model. */
export function isNotOnProviderKey({ providerKey, globalModel, models, endpoint }: Case): boolean {
  const allowed = limitOf(providerKey?.allowedModels)
  if (!allowed || !globalModel) return false
  const format = endpoint?.apiFormat ?? null
  const names = new Set([
    globalModel.name,
    ...models.filter(({ isActive }) => isActive).flatMap((model) => mappedNames(model, format)),
  ])
  if (allowed.some((name) => names.has(name))) return false
  const patterns = valueIn(globalModel.config, 'model_mappings')
  return !(
    Array.isArray(patterns) &&
    patterns.some(
      (pattern) => typeof pattern === 'string' && allowed.some((name) => matchesWhole(pattern, name)),
    )
  )
}

export const LATER_API_KEY: readonly Rule[] = [
  ...API_KEY,
  rule('API_KEY_LOCKED', '`is_locked` of the API key', ({ apiKey }) => apiKey?.isLocked === true),
  rule(
    'USER_DELETED',
    'the owner has no row, or `is_deleted`',
    ({ user }) => user === null || user?.isDeleted === true,
  ),
  USER_INACTIVE,
]

export const LATER_PROVIDER_KEY: readonly Rule[] = [
  ...PROVIDER_KEY,
  rule(
    'PROVIDER_KEY_MOVED',
    'the provider key belongs to another provider than the pinned one',
    ({ providerKey, pin }) => providerKey?.providerId != null && providerKey.providerId !== pin.providerId,
  ),
  rule(
    'PROVIDER_KEY_OF_OTHER_FORMAT',
    '`api_formats` of the provider key, where set, does not have exactly the endpoint’s format',
    ({ providerKey, endpoint }) =>
      endpoint?.apiFormat != null && limitOf(providerKey?.apiFormats)?.includes(endpoint.apiFormat) === false,
  ),
]

export const MODEL_NOT_ON_PROVIDER_KEY = rule(
  'MODEL_NOT_ON_PROVIDER_KEY',
  '`allowed_models` of the provider key, where set, has neither the global name nor a name that the provider has for it in the endpoint’s format, and no pattern of `model_mappings` in `global_models.config` matches one of its values',
  isNotOnProviderKey,
)

export const LATER_CONDITIONS: readonly ConditionRule[] = [
  streaming(
    (one) => neverStreams(one) || service(one) === 'converted without streams',
    `${NO_STREAMS}; or the endpoint converts no streams and must convert`,
  ),
  rule(
    'CAPABILITIES',
    '`gemini_files` is in the provider key’s `capabilities`',
    ({ providerKey }) => truthIn(providerKey?.capabilities, 'gemini_files') === true,
  ),
]
