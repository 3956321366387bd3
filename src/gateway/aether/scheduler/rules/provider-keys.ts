import { listedFormat } from '../formats.js'
import { common, limitOf, limitUnlessEmpty } from '../lists.js'
import {
  LATER_API_KEY,
  LATER_CONDITIONS,
  LATER_PROVIDER_KEY,
  MODEL_NOT_ON_PROVIDER_KEY,
  openBreaker,
  service,
} from './later.js'
import { isPast, type Rules, rule } from './rule.js'
import { ENDPOINT, MODEL_BY_ID, neverRead, PROVIDER, PROVIDER_NOT_ALLOWED } from './shared.js'

export const PROVIDER_KEYS: Rules = {
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
    ...MODEL_BY_ID,
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
