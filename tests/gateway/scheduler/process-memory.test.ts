/** The rules of PROCESS_MEMORY, a test a row: a pin that is used, and one change that makes it stale. */
import { describe, expect, it } from 'vitest'
import type {
  AccessLists,
  ApiKeyFacts,
  Facts,
  ProviderKeyFacts,
} from '../../../src/gateway/aether/scheduler/facts.js'
import { createJudge } from '../../../src/gateway/aether/scheduler/judge.js'
import { RULES } from '../../../src/gateway/aether/scheduler/rules.js'
import type { JudgedPin } from '../../../src/gateway/usability.js'

const NOW = 1_800_000_000
const at = (seconds: number) => new Date((NOW + seconds) * 1_000).toISOString()

const PIN: JudgedPin = {
  affinityKey: 'a',
  apiFormat: 'openai:chat',
  modelId: 'asked-name',
  modelIs: 'name',
  providerId: 'p',
  endpointId: 'e',
  providerKeyId: 'k',
  family: 'scheduler_affinity_v2',
  clientFamily: 'codex',
  epoch: '7',
}
const LISTS: AccessLists = {
  allowedFormats: null,
  allowedProviders: null,
  allowedEndpoints: null,
  allowedModels: null,
}
const ROWS = {
  apiKey: {
    ...LISTS,
    id: 'a',
    isActive: true,
    isLocked: false,
    isExpired: false,
    isStandalone: false,
    isSpent: false,
    forceCapabilities: null,
  } as ApiKeyFacts,
  user: {
    ...LISTS,
    id: 'u',
    role: 'user' as const,
    isActive: true,
    isDeleted: false,
    isOverQuota: false,
    capabilitySettings: null,
  },
  provider: { id: 'p', name: 'north', isActive: true, convertsFormats: null as boolean | null },
  endpoint: {
    id: 'e',
    providerId: 'p' as string | null,
    apiFormat: 'openai:chat' as string | null,
    isActive: true,
    acceptance: null as object | null,
  },
  providerKey: {
    id: 'k',
    endpointId: null,
    providerId: 'p' as string | null,
    isActive: true,
    allowedModels: null as object | null,
    capabilities: null as object | null,
    apiFormats: null as readonly string[] | null,
    authType: 'api_key',
    invalidAt: null as number | null,
    isCircuitOpen: false,
    halfOpenUntil: null,
    nextProbeAt: null,
    breakers: null as object | null,
  },
  globalModel: {
    id: 'm',
    name: 'great',
    isActive: true,
    supportedCapabilities: null,
    config: null as object | null,
  },
  model: {
    id: 'row',
    providerId: 'p',
    globalModelId: 'm',
    name: 'great-at-north',
    mappings: null,
    isActive: true,
    isAvailable: true,
    streams: null as boolean | null,
  },
  convertsFormats: null as boolean | null,
}
type Rows = { readonly [Name in keyof typeof ROWS]: (typeof ROWS)[Name] | null }
type Changes = {
  readonly [Name in keyof typeof ROWS]?: Partial<NonNullable<(typeof ROWS)[Name]>> | boolean | null
}

const one = <Row extends { readonly id: string }>(row: Row | null): Map<string, Row> =>
  new Map(row ? [[row.id, row]] : [])

const verdict = (changes: Changes = {}, pin: Partial<JudgedPin> = {}) =>
  judgeOf(changes).verdictOf({ ...PIN, ...pin })

function judgeOf(changes: Changes, ...others: readonly ProviderKeyFacts[]) {
  const rows = Object.fromEntries(
    Object.entries(ROWS).map(([name, row]) => {
      const change = Reflect.get(changes, name)
      return [
        name,
        typeof change === 'object' && change !== null
          ? { ...(row as object), ...change }
          : change === undefined
            ? row
            : change,
      ]
    }),
  ) as unknown as Rows
  const facts: Facts = {
    now: NOW,
    untold: new Set(),
    convertsFormats: rows.convertsFormats,
    apiKeys: new Map(rows.apiKey ? [[rows.apiKey.id, { apiKey: rows.apiKey, owner: rows.user }]] : []),
    providers: one(rows.provider),
    endpoints: one(rows.endpoint),
    providerKeys: new Map([...one(rows.providerKey), ...others.map((key) => [key.id, key] as const)]),
    globalModels: one(rows.globalModel),
    models: new Map(rows.model ? [['m', [rows.model]]] : []),
    names: undefined,
    named: new Map(rows.globalModel ? [['asked-name', 'm']] : []),
  }
  const ids = {
    affinityKey: [],
    providerId: [],
    endpointId: [],
    providerKeyId: [],
    modelId: [],
    modelName: [],
    supersededEpochs: ['6'],
  }
  return createJudge(facts, ids, 'PROCESS_MEMORY')
}

const USABLE = { usability: 'USABLE', staleReasons: [], conditions: [] }
const breaker = (state: object) => ({ providerKey: { breakers: { 'openai:chat': state } } })
const OFF = { convertsFormats: false, provider: { convertsFormats: false } }

const STALE: readonly (readonly [reason: string, changes: Changes, pin?: Partial<JudgedPin>])[] = [
  ['NEVER_READ', {}, { family: 'scheduler_affinity' }],
  ['NEVER_READ', {}, { family: 'cache_affinity' }],
  ['NEVER_READ', {}, { clientFamily: 'generic' }],
  ['SUPERSEDED', {}, { epoch: '6' }],
  ['API_KEY_DELETED', { apiKey: null }],
  ['API_KEY_INACTIVE', { apiKey: { isActive: false } }],
  ['API_KEY_LOCKED', { apiKey: { isLocked: true } }],
  ['API_KEY_EXPIRED', { apiKey: { isExpired: true } }],
  ['USER_DELETED', { user: null }],
  ['USER_DELETED', { user: { isDeleted: true } }],
  ['USER_INACTIVE', { user: { isActive: false } }],
  ['PROVIDER_DELETED', { provider: null }],
  ['PROVIDER_INACTIVE', { provider: { isActive: false } }],
  ['ENDPOINT_DELETED', { endpoint: null }],
  ['ENDPOINT_INACTIVE', { endpoint: { isActive: false } }],
  ['ENDPOINT_OF_OTHER_PROVIDER', { endpoint: { providerId: 'other' } }],
  ['ENDPOINT_OF_OTHER_FORMAT', { endpoint: { apiFormat: null } }],
  ['ENDPOINT_OF_OTHER_FORMAT', { ...OFF, endpoint: { apiFormat: 'claude:messages' } }],
  ['PROVIDER_KEY_DELETED', { providerKey: null }],
  ['PROVIDER_KEY_INACTIVE', { providerKey: { isActive: false } }],
  ['PROVIDER_KEY_MOVED', { providerKey: { providerId: 'other' } }],
  ['PROVIDER_KEY_OF_OTHER_FORMAT', { providerKey: { apiFormats: ['openai:responses'] } }],
  ['PROVIDER_KEY_INVALID', { providerKey: { authType: 'oauth', invalidAt: NOW - 1 } }],
  ['CIRCUIT_OPEN', breaker({ open: true, next_probe_at: null })],
  ['MODEL_DELETED', { globalModel: null }],
  ['MODEL_INACTIVE', { globalModel: { isActive: false } }],
  ['MODEL_NOT_AT_PROVIDER', { model: { isActive: false } }],
  ['MODEL_NOT_AT_PROVIDER', { model: { isAvailable: false } }],
  ['MODEL_NOT_ON_PROVIDER_KEY', { providerKey: { allowedModels: ['other'] } }],
]

const USED: readonly (readonly [what: string, changes: Changes])[] = [
  ['nothing is wrong', {}],
  [
    'lists of API key and owner exclude it',
    { apiKey: { allowedModels: [], allowedProviders: ['other'] }, user: { allowedFormats: ['claude:cli'] } },
  ],
  [
    'the endpoint has another format and the setting allows conversion',
    { endpoint: { apiFormat: 'claude:messages' } },
  ],
  [
    'the provider alone allows conversion',
    {
      convertsFormats: false,
      provider: { convertsFormats: true },
      endpoint: { apiFormat: 'claude:messages' },
    },
  ],
  [
    'the endpoint alone allows conversion',
    { ...OFF, endpoint: { apiFormat: 'claude:messages', acceptance: { enabled: true } } },
  ],
  ['an API key that is no OAuth one has been refused', { providerKey: { invalidAt: NOW - 1 } }],
  ['the breaker is open with a probe time, even ahead', breaker({ open: true, next_probe_at: at(600) })],
  [
    'the breaker of another format is open',
    { providerKey: { breakers: { 'claude:messages': { open: true } } } },
  ],
  [
    'the provider key has the provider’s own name of the model',
    { providerKey: { allowedModels: ['great-at-north'] } },
  ],
  [
    'a pattern matches what the provider key has',
    {
      globalModel: { config: { model_mappings: ['(', 'GREAT-v[0-9]+'] } },
      providerKey: { allowedModels: ['great-V12'] },
    },
  ],
]

describe('a pin in the memory of a process', () => {
  const stale = STALE.map(([reason, changes, pin = {}]) => ({ reason, changes, pin }))
  it.each(stale)('is stale for $reason: $changes $pin', ({ reason, changes, pin }) => {
    const { usability, staleReasons } = verdict(changes, pin)
    expect(usability).toBe('STALE')
    expect(staleReasons).toContain(reason)
  })

  it('has a test for each reason of the table', () => {
    expect([...new Set(STALE.map(([reason]) => reason))].sort()).toEqual(
      [...new Set(RULES.PROCESS_MEMORY.reasons.map(({ name }) => name))].sort(),
    )
  })

  it.each(USED)('is used where %s', (_, changes) => {
    expect(verdict(changes)).toEqual(USABLE)
  })

  it('says every reason, and no condition of a pin that is stale', () => {
    expect(
      verdict({ apiKey: { isActive: false }, provider: { isActive: false }, model: { streams: false } }),
    ).toEqual({ usability: 'STALE', staleReasons: ['API_KEY_INACTIVE', 'PROVIDER_INACTIVE'], conditions: [] })
  })

  it('depends on the request where no model streams, or the provider key has a capability', () => {
    expect(verdict({ model: { streams: false } }).conditions).toEqual(['STREAMING'])
    expect(verdict({ providerKey: { capabilities: { gemini_files: true } } })).toEqual({
      usability: 'CONDITIONAL',
      staleReasons: [],
      conditions: ['CAPABILITIES'],
    })
  })

  it('is judged once for provider keys that differ in their ids and in closed breakers alone', () => {
    const key: ProviderKeyFacts = ROWS.providerKey
    const closed = { open: false, next_probe_at: at(-60), failures: 3 }
    const open = { open: true, next_probe_at: at(60) }
    const { providerKeyId } = judgeOf(
      {},
      { ...key, id: 'closed', breakers: { 'openai:chat': closed } },
      { ...key, id: 'open', breakers: { 'openai:chat': open } },
      { ...key, id: 'open elsewhere', breakers: { 'claude:messages': open } },
      { ...key, id: 'of others', providerId: 'other' },
    ).likeness
    expect(providerKeyId('closed')).toBe(providerKeyId('k'))
    const others = ['open', 'open elsewhere', 'of others', 'never asked for'].map(providerKeyId)
    expect(new Set([providerKeyId('k'), ...others]).size).toBe(5)
  })

  it('is judged in a moment whatever pattern an administrator wrote', () => {
    const config = {
      model_mappings: ['(a+)+$', '(a|aa)+b', `${'a?'.repeat(200)}${'a'.repeat(100)}`, 'x'.repeat(501)],
    }
    const started = performance.now()
    const judged = verdict({
      globalModel: { config },
      providerKey: { allowedModels: [`${'a'.repeat(5_000)}!`, 'x'.repeat(501)] },
    })
    expect(judged.staleReasons).toEqual(['MODEL_NOT_ON_PROVIDER_KEY'])
    expect(performance.now() - started).toBeLessThan(2_000)
  })
})
