/** The demo's providers, endpoints and provider keys: invented accounts at hosts that do not exist. */
import { demoId } from './ids.js'

export interface DemoProvider {
  readonly id: string
  readonly name: string
  readonly displayName: string
  readonly isActive: boolean
}

export interface DemoEndpoint {
  readonly id: string
  readonly providerId: string
  readonly apiFormat: string
  readonly baseUrl: string
}

export interface DemoProviderKey {
  readonly id: string
  readonly endpointId: string
  readonly name: string
  readonly secret: string
  readonly rateMultiplier: number
  /** TTL of affinities that are pinned to this key, in minutes. It is short, so that a viewer sees some expire. */
  readonly cacheTtlMinutes: number
  readonly circuitBreakerOpen: boolean
  readonly expiresAt: Date | null
}

const provider = (name: string, displayName: string, isActive = true): DemoProvider => ({
  id: demoId('provider', name),
  name,
  displayName,
  isActive,
})

const ANTHROPIC = provider('anthropic', 'Anthropic')
const OPENAI = provider('openai', 'OpenAI')
const OPENROUTER = provider('openrouter', 'OpenRouter')
export const INACTIVE_PROVIDER = provider('azure-eu', 'Azure OpenAI (contract ended)', false)

export const DEMO_PROVIDERS: readonly DemoProvider[] = [ANTHROPIC, OPENAI, OPENROUTER, INACTIVE_PROVIDER]

const endpoint = ({ id, name }: DemoProvider, apiFormat: string): DemoEndpoint => ({
  id: demoId('endpoint', `${name}/${apiFormat}`),
  providerId: id,
  apiFormat,
  baseUrl: `https://${name}.example.com/${apiFormat.toLowerCase()}`,
})

const ANTHROPIC_CLAUDE = endpoint(ANTHROPIC, 'CLAUDE')
const ANTHROPIC_CLI = endpoint(ANTHROPIC, 'CLAUDE_CLI')
const OPENAI_OPENAI = endpoint(OPENAI, 'OPENAI')
const OPENAI_CLI = endpoint(OPENAI, 'OPENAI_CLI')
const OPENROUTER_CLAUDE = endpoint(OPENROUTER, 'CLAUDE')
const OPENROUTER_OPENAI = endpoint(OPENROUTER, 'OPENAI')
const INACTIVE_OPENAI = endpoint(INACTIVE_PROVIDER, 'OPENAI')

export const DEMO_ENDPOINTS: readonly DemoEndpoint[] = [
  ANTHROPIC_CLAUDE,
  ANTHROPIC_CLI,
  OPENAI_OPENAI,
  OPENAI_CLI,
  OPENROUTER_CLAUDE,
  OPENROUTER_OPENAI,
  INACTIVE_OPENAI,
]

const providerKey = (
  { id }: DemoEndpoint,
  name: string,
  cacheTtlMinutes: number,
  options: Partial<DemoProviderKey> = {},
): DemoProviderKey => ({
  id: demoId('provider key', name),
  endpointId: id,
  name,
  secret: `sk-demo-upstream-${name}-0000`,
  rateMultiplier: 1,
  cacheTtlMinutes,
  circuitBreakerOpen: false,
  expiresAt: null,
  ...options,
})

export const CIRCUIT_OPEN_KEY = providerKey(ANTHROPIC_CLAUDE, 'anthropic-overflow', 5, {
  circuitBreakerOpen: true,
})
export const EXPIRED_PROVIDER_KEY = providerKey(OPENAI_OPENAI, 'openai-trial', 3, {
  expiresAt: new Date('2025-03-31T23:59:59Z'),
})
export const KEY_OF_INACTIVE_PROVIDER = providerKey(INACTIVE_OPENAI, 'azure-eu-main', 5)

export const DEMO_PROVIDER_KEYS: readonly DemoProviderKey[] = [
  providerKey(ANTHROPIC_CLAUDE, 'anthropic-main', 5),
  providerKey(ANTHROPIC_CLAUDE, 'anthropic-team', 3, { rateMultiplier: 0.8 }),
  CIRCUIT_OPEN_KEY,
  providerKey(ANTHROPIC_CLI, 'anthropic-cli-1', 5),
  providerKey(ANTHROPIC_CLI, 'anthropic-cli-2', 2, { rateMultiplier: 0.9 }),
  providerKey(OPENAI_OPENAI, 'openai-main', 4),
  providerKey(OPENAI_OPENAI, 'openai-batch', 1, { rateMultiplier: 0.5 }),
  EXPIRED_PROVIDER_KEY,
  providerKey(OPENAI_CLI, 'openai-cli', 3),
  providerKey(OPENROUTER_CLAUDE, 'openrouter-claude', 2, { rateMultiplier: 1.2 }),
  providerKey(OPENROUTER_OPENAI, 'openrouter-openai', 2, { rateMultiplier: 1.2 }),
  KEY_OF_INACTIVE_PROVIDER,
]
