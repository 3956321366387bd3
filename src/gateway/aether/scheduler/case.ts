import { aliasNames } from '../../../model-mappings/model-mapping-records.js'
import type { JudgedPin } from '../../usability.js'
import { entriesOf } from '../fields.js'
import type {
  ApiKeyRows,
  EndpointFacts,
  Facts,
  GlobalModelFacts,
  ModelFacts,
  ProviderFacts,
  ProviderKeyFacts,
} from './facts.js'
import { common, limitOf, limitUnlessEmpty, textsOf, truthIn, valueIn } from './lists.js'

/** A pin with all that decides about it. What is null has no row. */
export interface Case {
  readonly pin: JudgedPin
  readonly now: number
  readonly apiKey: ApiKeyRows['apiKey'] | null
  /** Undefined if the API key has no row, or the tables do not tell owners. */
  readonly user: ApiKeyRows['owner']
  readonly provider: ProviderFacts | null
  readonly endpoint: EndpointFacts | null
  readonly providerKey: ProviderKeyFacts | null
  readonly globalModel: GlobalModelFacts | null
  /** The pinned provider's models for the global model, active or not. */
  readonly models: readonly ModelFacts[]
  /** `enable_format_conversion`; null if it is unset. */
  readonly convertsFormats: boolean | null
  /** The names that lead to the model, where names decide; undefined if they do not. */
  readonly names: readonly Name[] | undefined
  /** Whether the process that wrote the pin has forgotten it, as far as records tell. */
  readonly isSuperseded: boolean
}

/** A name that leads to the model, and whether it passes each check that depends on the name. */
export interface Name {
  readonly isAllowed: boolean
  readonly isOnProviderKey: boolean
  readonly isCapable: boolean
}

export function caseOf(facts: Facts, pin: JudgedPin, isSuperseded: boolean): Case {
  const { apiKey = null, owner: user } = facts.apiKeys.get(pin.affinityKey) ?? {}
  const modelId = pin.modelIs === 'id' ? pin.modelId : (facts.named.get(pin.modelId) ?? '')
  const globalModel = facts.globalModels.get(modelId) ?? null
  const providerKey = facts.providerKeys.get(pin.providerKeyId) ?? null
  return {
    pin,
    now: facts.now,
    apiKey,
    user,
    provider: facts.providers.get(pin.providerId) ?? null,
    endpoint: facts.endpoints.get(pin.endpointId) ?? null,
    providerKey,
    globalModel,
    models: (facts.models.get(modelId) ?? []).filter(({ providerId }) => providerId === pin.providerId),
    convertsFormats: facts.convertsFormats,
    isSuperseded,
    names:
      globalModel && facts.names
        ? namesOf(facts, pin, globalModel, { apiKey, user, providerKey })
        : undefined,
  }
}

const CACHE_1H = 'cache_1h'
const isList = (value: unknown): boolean => Array.isArray(value) && value.length > 0

/** The leading names of each model. They are the same for all pins, and a page has many pins of few models. */
const leadingOf = new WeakMap<Facts, Map<string, readonly string[]>>()

/**
 * Returns the names by which clients reach a model. A name is looked up first among the names that active providers have for
 * models, whatever the pin's provider, and then among the models' own names.
 */
function leadingNames(facts: Facts, model: GlobalModelFacts): readonly string[] {
  const known = leadingOf.get(facts) ?? new Map<string, readonly string[]>()
  leadingOf.set(facts, known)
  const before = known.get(model.id)
  if (before) return before
  const { models, providers, names } = facts
  const ofProviders = (models.get(model.id) ?? [])
    .filter(({ isActive, providerId }) => isActive && (providers.get(providerId)?.isActive ?? true))
    .map(({ name }) => name)
  const found = [...new Set([model.name, ...ofProviders])].filter((name) => {
    const ids = names?.get(name)
    // A name of several models leads to any of them.
    return ids ? ids.size === 1 && ids.has(model.id) : name === model.name
  })
  known.set(model.id, found)
  return found
}

const hasEither = (list: readonly string[] | undefined, one: string, other: string): boolean =>
  !list || list.includes(one) || list.includes(other)

/** The names that lead to the model in this API format, with the checks that each passes. */
function namesOf(
  facts: Facts,
  { apiFormat }: JudgedPin,
  model: GlobalModelFacts,
  { apiKey, user, providerKey }: Pick<Case, 'apiKey' | 'user' | 'providerKey'>,
): readonly Name[] {
  const isGemini = apiFormat.startsWith('GEMINI')
  const reached = leadingNames(facts, model).filter((name) => !(isGemini && name.includes('/')))
  const allowed = common(limitUnlessEmpty(apiKey?.allowedModels), limitUnlessEmpty(user?.allowedModels))
  const onKey = limitOf(providerKey?.allowedModels)
  const has = truthIn(providerKey?.capabilities, CACHE_1H) === true
  const forced = truthIn(apiKey?.forceCapabilities, CACHE_1H)
  const supported = textsOf(model.supportedCapabilities)
  return reached.map((name) => {
    const isWished = forced ?? truthIn(valueIn(user?.capabilitySettings, name), CACHE_1H) === true
    return {
      isAllowed: hasEither(allowed, name, model.name),
      isOnProviderKey: hasEither(onKey, name, model.name),
      // A list in place of the object breaks the scheduler.
      isCapable:
        !isList(providerKey?.capabilities) &&
        (providerKey === null || has === isWished) &&
        !(isWished && supported.length > 0 && !supported.includes(CACHE_1H)),
    }
  })
}

/** The provider's names for a model in an API format: its own, and those that are mapped for every format or for this one. */
export function mappedNames({ name, mappings }: ModelFacts, apiFormat: string | null): readonly string[] {
  const usable = Array.isArray(mappings)
    ? mappings.filter((entry) => {
        const formats = entriesOf(entry)?.find(([key]) => key === 'api_formats')?.[1]
        return !Array.isArray(formats) || formats.length === 0 || formats.includes(apiFormat)
      })
    : []
  return [name, ...aliasNames(usable)]
}
