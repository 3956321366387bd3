import type { Case, Name } from '../case.js'
import { common, limitUnlessEmpty } from '../lists.js'
import { isPast, type Rules, rule } from './rule.js'
import {
  API_KEY,
  ENDPOINT,
  MODEL_BY_ID,
  NO_STREAMS,
  neverRead,
  neverStreams,
  PROVIDER,
  PROVIDER_KEY,
  PROVIDER_NOT_ALLOWED,
  streaming,
  USER_INACTIVE,
} from './shared.js'

const passes = ({ isAllowed, isOnProviderKey, isCapable }: Name): boolean =>
  isAllowed && isOnProviderKey && isCapable

/** Whether no name passes all checks, and some name fails this one. */
const noNamePasses =
  (check: keyof Name) =>
  ({ names = [] }: Case): boolean =>
    names.length > 0 && !names.some(passes) && names.some((name) => !name[check])

const OLD_FORMATS = ['CLAUDE', 'CLAUDE_CLI', 'OPENAI', 'OPENAI_CLI', 'GEMINI', 'GEMINI_CLI']

export const ENDPOINT_KEYS: Rules = {
  reasons: [
    ...API_KEY,
    rule('USER_DELETED', 'the owner has no row; `is_deleted` is not looked at', ({ user }) => user === null),
    USER_INACTIVE,
    rule(
      'QUOTA_EXHAUSTED',
      'of a standalone key, `current_balance_usd` less `balance_used_usd` is 0 or less; of another key, its owner is no admin and `used_usd` is above `quota_usd`',
      ({ apiKey, user }) =>
        apiKey?.isStandalone ? apiKey.isSpent : user != null && user.role !== 'admin' && user.isOverQuota,
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
    ...MODEL_BY_ID,
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
