import { convertsSomewhere } from '../formats.js'
import {
  conversionOf,
  LATER_API_KEY,
  LATER_CONDITIONS,
  LATER_PROVIDER_KEY,
  MODEL_NOT_ON_PROVIDER_KEY,
  openBreaker,
} from './later.js'
import { type Rules, rule } from './rule.js'
import { ENDPOINT, MODEL_INACTIVE, PROVIDER } from './shared.js'

/** Routing reads the memory of the process: Redis tells what was pinned there. */
export const PROCESS_MEMORY: Rules = {
  reasons: [
    rule(
      'NEVER_READ',
      'the key is not of the family `scheduler_affinity:v2`, or its client family is `generic`',
      ({ pin }) => pin.family !== 'scheduler_affinity_v2' || pin.clientFamily === 'generic',
    ),
    rule(
      'SUPERSEDED',
      '`GATEWAY_URLS` names exactly one node, and the record’s epoch is another than that of the record with the latest `expire_at`; an epoch that is no integer is not known, and no reason',
      ({ isSuperseded }) => isSuperseded,
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
