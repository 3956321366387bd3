import type { Generation } from '../../gateway.js'
import type { StaleReason, UseCondition } from '../../usability.js'
import { type Case, mappedNames, type Name } from './case.js'
import { type Conversion, convertsSomewhere, listedFormat, type Service, serviceOf } from './formats.js'
import { common, limitOf, limitUnlessEmpty, truthIn, valueIn } from './lists.js'
import { matchesWhole } from './patterns.js'

/*
 * When Aether's scheduler does not use a pin, a row a reason, for each generation. `npm run schema` prints these tables as
 * docs/stale.md. A condition on a row that is not there does not hold, unless it says so.
 */

interface Row<Name> {
  readonly name: Name
  /** The condition in words, for the docs. */
  readonly when: string
  holds(one: Case): boolean
}
export type Rule = Row<StaleReason>
export type ConditionRule = Row<UseCondition>

export interface Rules {
  readonly reasons: readonly Rule[]
  /** What the use of a pin that is not stale depends on. */
  readonly conditions: readonly ConditionRule[]
}

const rule = <const N extends StaleReason | UseCondition>(
  name: N,
  when: string,
  holds: (one: Case) => boolean,
): Row<N> => ({ name, when, holds })

const isPast = (time: number | null, now: number): boolean => time !== null && time <= now

const API_KEY: readonly Rule[] = [
  rule('API_KEY_DELETED', 'the API key has no row', ({ apiKey }) => !apiKey),
  rule('API_KEY_INACTIVE', 'the API key is not active', ({ apiKey }) => apiKey?.isActive === false),
  rule(
    'API_KEY_EXPIRED',
    '`api_keys.expires_at` is past',
    ({ apiKey, now }) => apiKey !== null && isPast(apiKey.expiresAt, now),
  ),
]
const USER_INACTIVE = rule(
  'USER_INACTIVE',
  'the owner is not active, also of a standalone key',
  ({ user }) => user?.isActive === false,
)

const PROVIDER: readonly Rule[] = [
  rule('PROVIDER_DELETED', 'the provider has no row', ({ provider }) => !provider),
  rule('PROVIDER_INACTIVE', 'the provider is not active', ({ provider }) => provider?.isActive === false),
]
const PROVIDER_NOT_ALLOWED = rule(
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

const ENDPOINT: readonly Rule[] = [
  rule('ENDPOINT_DELETED', 'the endpoint has no row', ({ endpoint }) => !endpoint),
  rule('ENDPOINT_INACTIVE', 'the endpoint is not active', ({ endpoint }) => endpoint?.isActive === false),
  rule(
    'ENDPOINT_OF_OTHER_PROVIDER',
    'the endpoint belongs to another provider than the pinned one',
    ({ endpoint, pin }) => endpoint?.providerId != null && endpoint.providerId !== pin.providerId,
  ),
]

const PROVIDER_KEY: readonly Rule[] = [
  rule('PROVIDER_KEY_DELETED', 'the provider key has no row', ({ providerKey }) => !providerKey),
  rule(
    'PROVIDER_KEY_INACTIVE',
    'the provider key is not active',
    ({ providerKey }) => providerKey?.isActive === false,
  ),
]

const MODEL_INACTIVE = rule(
  'MODEL_INACTIVE',
  'the global model is not active',
  ({ globalModel }) => globalModel?.isActive === false,
)

const streaming = (holds: (one: Case) => boolean, when: string): ConditionRule =>
  rule('STREAMING', when, holds)

/** Whether no model of the provider streams. Where some of several do, the order of rows decides, so nothing is told. */
function neverStreams({ models, globalModel }: Case): boolean {
  const byDefault = truthIn(globalModel?.config, 'streaming') ?? true
  const active = models.filter(({ isActive }) => isActive)
  return active.length > 0 && active.every(({ streams }) => (streams ?? byDefault) === false)
}
const NO_STREAMS =
  'no active model of the provider streams: `models.supports_streaming`, else `streaming` in `global_models.config`, is false'

const passes = ({ isAllowed, isOnProviderKey, isCapable }: Name): boolean =>
  isAllowed && isOnProviderKey && isCapable

/** Whether no name passes all checks, and some name fails this one. */
const noNamePasses =
  (check: keyof Name) =>
  ({ names = [] }: Case): boolean =>
    names.length > 0 && !names.some(passes) && names.some((name) => !name[check])

/** A gateway reads keys of one family; others may be left by another generation. */
const neverRead = (family: string): Rule =>
  rule('NEVER_READ', `the key is not of the family \`${family}\``, ({ pin }) => pin.family !== family)

const OLD_FORMATS = ['CLAUDE', 'CLAUDE_CLI', 'OPENAI', 'OPENAI_CLI', 'GEMINI', 'GEMINI_CLI']

const ENDPOINT_KEYS: Rules = {
  reasons: [
    ...API_KEY,
    rule('USER_DELETED', 'the owner has no row; `is_deleted` is not looked at', ({ user }) => user === null),
    USER_INACTIVE,
    rule(
      'QUOTA_EXHAUSTED',
      'of a standalone key, `current_balance_usd` less `balance_used_usd` is 0 or less; of another key, its owner is no admin and `used_usd` is above `quota_usd`',
      ({ apiKey, user }) => {
        if (apiKey?.isStandalone)
          return apiKey.balance !== null && apiKey.balance - (apiKey.balanceUsed ?? 0) <= 0
        return (
          user != null && user.role !== 'admin' && user.quota !== null && (user.quotaUsed ?? 0) > user.quota
        )
      },
    ),
    ...PROVIDER,
    PROVIDER_NOT_ALLOWED,
    ...ENDPOINT,
    rule(
      'ENDPOINT_OF_OTHER_FORMAT',
      '`api_format` of the endpoint is not exactly the one in the key',
      ({ endpoint, pin }) => endpoint?.apiFormat != null && endpoint.apiFormat !== pin.apiFormat,
    ),
    rule(
      'ENDPOINT_NOT_ALLOWED',
      '`allowed_endpoints` of the API key and of its owner do not have the id of the endpoint in common',
      ({ apiKey, user, pin }) =>
        common(
          limitUnlessEmpty(apiKey?.allowedEndpoints),
          limitUnlessEmpty(user?.allowedEndpoints),
        )?.includes(pin.endpointId) === false,
    ),
    ...PROVIDER_KEY,
    rule(
      'PROVIDER_KEY_MOVED',
      'the provider key belongs to another endpoint than the pinned one',
      ({ providerKey, pin }) => providerKey?.endpointId != null && providerKey.endpointId !== pin.endpointId,
    ),
    rule(
      'CIRCUIT_OPEN',
      '`circuit_breaker_open`, and neither `half_open_until` is ahead nor `next_probe_at` past',
      ({ providerKey: key, now }) =>
        key?.isCircuitOpen === true &&
        !(key.halfOpenUntil !== null && key.halfOpenUntil > now) &&
        !isPast(key.nextProbeAt, now),
    ),
    rule(
      'CAPABILITY_MISMATCH',
      '`cache_1h` is in the provider key’s `capabilities` and not wished, or the other way round, or the model’s `supported_capabilities` lack the wished one; the wish is the API key’s `force_capabilities`, else the owner’s `model_capability_settings` of the name asked for',
      noNamePasses('isCapable'),
    ),
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
    rule(
      'MODEL_NOT_ALLOWED',
      'no name that leads to the model passes `allowed_models` of the API key and of its owner: the asked name or the global name must be in both',
      noNamePasses('isAllowed'),
    ),
    rule(
      'MODEL_NOT_ON_PROVIDER_KEY',
      '`allowed_models` of the provider key, where set, has neither a name that leads to the model nor the global name',
      noNamePasses('isOnProviderKey'),
    ),
    rule(
      'NAME_TAKEN',
      'no name leads to the model: active providers use its names for other models, or a Gemini client cannot ask for a name with `/`',
      ({ names }) => names?.length === 0,
    ),
    rule(
      'FORMAT_UNKNOWN',
      `the format in the key is none of ${OLD_FORMATS.join(', ')}`,
      ({ pin }) => !OLD_FORMATS.includes(pin.apiFormat),
    ),
    rule(
      'FORMAT_NOT_ALLOWED',
      '`allowed_api_formats` of the API key is not empty, and does not have exactly the format in the key',
      ({ apiKey, pin }) => limitUnlessEmpty(apiKey?.allowedFormats)?.includes(pin.apiFormat) === false,
    ),
    neverRead('cache_affinity'),
  ],
  conditions: [
    streaming(neverStreams, NO_STREAMS),
    rule(
      'ALIAS',
      'some of the names that lead to the model pass MODEL_NOT_ALLOWED, MODEL_NOT_ON_PROVIDER_KEY and CAPABILITY_MISMATCH together, and others do not',
      ({ names = [] }) => names.some(passes) && !names.every(passes),
    ),
  ],
}

const conversionOf = ({ convertsFormats, provider, endpoint }: Case): Conversion => ({
  setting: convertsFormats,
  provider: provider?.convertsFormats ?? null,
  endpoint: endpoint?.acceptance,
})

const service = (one: Case): Service =>
  one.endpoint?.apiFormat == null
    ? 'not'
    : serviceOf(one.pin.apiFormat, one.endpoint.apiFormat, conversionOf(one))

/** What the breaker of the endpoint's format says; undefined unless it is open. */
function openBreaker({ providerKey, endpoint }: Case) {
  const breaker = endpoint?.apiFormat == null ? undefined : valueIn(providerKey?.breakers, endpoint.apiFormat)
  if (truthIn(breaker, 'open') !== true) return undefined
  const secondsOf = (name: string): number | null => {
    const time = Date.parse(String(valueIn(breaker, name)))
    return Number.isNaN(time) ? null : time / 1_000
  }
  return { halfOpenUntil: secondsOf('half_open_until'), nextProbeAt: secondsOf('next_probe_at') }
}

/** Whether a provider key's list of models, where it has one, allows none of the names of the model. */
function isNotOnProviderKey({ providerKey, globalModel, models, endpoint }: Case): boolean {
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

const LATER_API_KEY: readonly Rule[] = [
  ...API_KEY,
  rule('API_KEY_LOCKED', '`is_locked` of the API key', ({ apiKey }) => apiKey?.isLocked === true),
  rule(
    'USER_DELETED',
    'the owner has no row, or `is_deleted`',
    ({ user }) => user === null || user?.isDeleted === true,
  ),
  USER_INACTIVE,
]

const LATER_PROVIDER_KEY: readonly Rule[] = [
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

const MODEL_NOT_ON_PROVIDER_KEY = rule(
  'MODEL_NOT_ON_PROVIDER_KEY',
  '`allowed_models` of the provider key, where set, has neither the global name nor a name that the provider has for it in the endpoint’s format, and no pattern of `model_mappings` in `global_models.config` matches one of its values',
  isNotOnProviderKey,
)

const LATER_CONDITIONS: readonly ConditionRule[] = [
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

const PROVIDER_KEYS: Rules = {
  reasons: [
    ...LATER_API_KEY,
    ...PROVIDER,
    PROVIDER_NOT_ALLOWED,
    ...ENDPOINT,
    rule(
      'ENDPOINT_OF_OTHER_FORMAT',
      'the endpoint, by its family and kind, does not serve the format in the key: the kinds disagree, or the data differ and conversion is off in the setting, at the provider and at the endpoint',
      (one) => one.endpoint !== null && service(one) === 'not',
    ),
    ...LATER_PROVIDER_KEY,
    rule(
      'CIRCUIT_OPEN',
      'the breaker of the endpoint’s format is open, not half-open now, and its `next_probe_at` is ahead or unset',
      (one) => {
        const breaker = openBreaker(one)
        if (!breaker) return false
        const { halfOpenUntil, nextProbeAt } = breaker
        return !(halfOpenUntil !== null && halfOpenUntil > one.now) && !isPast(nextProbeAt, one.now)
      },
    ),
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
    rule(
      'MODEL_NOT_ALLOWED',
      '`allowed_models` of the API key and of its owner, where set, do not have the global name in common; an empty list allows none',
      ({ apiKey, user, globalModel }) =>
        globalModel !== null &&
        common(limitOf(apiKey?.allowedModels), limitOf(user?.allowedModels))?.includes(globalModel.name) ===
          false,
    ),
    MODEL_NOT_ON_PROVIDER_KEY,
    rule(
      'FORMAT_NOT_ALLOWED',
      '`allowed_api_formats` of the API key and of its owner do not have the client’s format in common, whatever its case; a value that is no format counts as `claude:chat`',
      ({ apiKey, user, pin }) => {
        const formats = (value: unknown) => limitUnlessEmpty(value)?.map(listedFormat)
        return (
          common(formats(apiKey?.allowedFormats), formats(user?.allowedFormats))?.includes(
            listedFormat(pin.apiFormat),
          ) === false
        )
      },
    ),
    neverRead('cache_affinity'),
  ],
  conditions: LATER_CONDITIONS,
}

/** Routing reads the memory of the process: Redis tells what was pinned there. */
const PROCESS_MEMORY: Rules = {
  reasons: [
    rule(
      'NEVER_READ',
      'the key is not of the family `scheduler_affinity:v2`, or its client family is `generic`',
      ({ pin }) => pin.family !== 'scheduler_affinity_v2' || pin.clientFamily === 'generic',
    ),
    ...LATER_API_KEY,
    ...PROVIDER,
    ...ENDPOINT,
    rule(
      'ENDPOINT_OF_OTHER_FORMAT',
      '`api_format` of the endpoint is null; or it is another text than the one in the key, and conversion is off in the setting, at the provider and at the endpoint',
      (one) => {
        if (!one.endpoint) return false
        const { apiFormat } = one.endpoint
        return (
          apiFormat === null || (apiFormat !== one.pin.apiFormat && !convertsSomewhere(conversionOf(one)))
        )
      },
    ),
    ...LATER_PROVIDER_KEY,
    rule(
      'PROVIDER_KEY_INVALID',
      '`auth_type` is oauth and `oauth_invalid_at` is set',
      ({ providerKey }) => providerKey?.authType === 'oauth' && providerKey.invalidAt !== null,
    ),
    rule(
      'CIRCUIT_OPEN',
      'the breaker of the endpoint’s format is open without any probe time; one with a probe time is used',
      (one) => openBreaker(one)?.nextProbeAt === null,
    ),
    rule(
      'MODEL_DELETED',
      'the name in the key is neither a global model’s nor a provider’s name for one',
      ({ globalModel }) => !globalModel,
    ),
    MODEL_INACTIVE,
    rule(
      'MODEL_NOT_AT_PROVIDER',
      'the provider has no `models` row for the global model that `is_active` and `is_available`',
      ({ models }) => !models.some(({ isActive, isAvailable }) => isActive && isAvailable),
    ),
    MODEL_NOT_ON_PROVIDER_KEY,
  ],
  conditions: LATER_CONDITIONS,
}

export const RULES: Readonly<Record<Generation, Rules>> = { ENDPOINT_KEYS, PROVIDER_KEYS, PROCESS_MEMORY }
