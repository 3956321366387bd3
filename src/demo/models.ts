/** The demo's global models, and the names under which its providers serve them. */
import { demoId } from './ids.js'
import { DEMO_PROVIDERS } from './upstreams.js'

export interface DemoGlobalModel {
  readonly id: string
  readonly name: string
  readonly displayName: string
  readonly isActive: boolean
}

export interface DemoModel {
  readonly id: string
  readonly providerId: string
  readonly globalModelId: string
  readonly providerModelName: string
  /** Further names of the model at this provider, best first; null if there are none. */
  readonly providerModelMappings: readonly { readonly name: string; readonly priority: number }[] | null
}

const globalModel = (name: string, displayName: string, isActive = true): DemoGlobalModel => ({
  id: demoId('global model', name),
  name,
  displayName,
  isActive,
})

export const INACTIVE_GLOBAL_MODEL = globalModel('gpt-3.5-turbo', 'GPT-3.5 Turbo', false)

export const DEMO_GLOBAL_MODELS: readonly DemoGlobalModel[] = [
  globalModel('claude-sonnet-4-5', 'Claude Sonnet 4.5'),
  globalModel('claude-haiku-4-5', 'Claude Haiku 4.5'),
  globalModel('claude-opus-4-1', 'Claude Opus 4.1'),
  globalModel('gpt-5', 'GPT-5'),
  globalModel('gpt-5-mini', 'GPT-5 mini'),
  globalModel('llama3:8b', 'Llama 3 8B'),
  globalModel('qwen3:32b', '通义千问 3 32B'),
  INACTIVE_GLOBAL_MODEL,
]

type Offer = readonly [globalModelName: string, providerModelName: string, ...aliases: string[]]

const OFFERS: Readonly<Record<string, readonly Offer[]>> = {
  anthropic: [
    ['claude-sonnet-4-5', 'claude-sonnet-4-5-20250929', 'claude-sonnet-latest', 'sonnet'],
    ['claude-haiku-4-5', 'claude-haiku-4-5-20251001', 'claude-haiku-latest'],
    ['claude-opus-4-1', 'claude-opus-4-1-20250805'],
  ],
  openai: [
    ['gpt-5', 'gpt-5-2025-08-07', 'gpt-5-latest'],
    ['gpt-5-mini', 'gpt-5-mini-2025-08-07', 'gpt-5-mini-latest', 'mini'],
    ['gpt-3.5-turbo', 'gpt-3.5-turbo-0125'],
  ],
  openrouter: [
    ['claude-sonnet-4-5', 'anthropic/claude-sonnet-4.5', 'sonnet'],
    ['claude-haiku-4-5', 'anthropic/claude-haiku-4.5'],
    ['gpt-5', 'openai/gpt-5'],
    ['llama3:8b', 'meta-llama/llama-3-8b-instruct', 'llama3', 'llama-3-8b'],
    ['qwen3:32b', 'qwen/qwen3-32b', '千问'],
  ],
  'azure-eu': [['gpt-5', 'gpt-5-eu-west']],
}

export const DEMO_MODELS: readonly DemoModel[] = DEMO_PROVIDERS.flatMap((provider) =>
  (OFFERS[provider.name] ?? []).map(([globalModelName, providerModelName, ...aliases]) => ({
    id: demoId('model', `${provider.name}/${providerModelName}`),
    providerId: provider.id,
    globalModelId: demoId('global model', globalModelName),
    providerModelName,
    providerModelMappings:
      aliases.length === 0 ? null : aliases.map((name, index) => ({ name, priority: index + 1 })),
  })),
)
