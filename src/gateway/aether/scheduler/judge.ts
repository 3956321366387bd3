import type { Generation } from '../../gateway.js'
import type { Judge, JudgedPin, PinIds, Verdict } from '../../usability.js'
import { type Case, caseOf } from './case.js'
import type { ApiKeyRows, Facts } from './facts.js'
import type { Rules } from './rules/rule.js'
import { RULES } from './rules.js'

const USABLE: Verdict = { usability: 'USABLE', staleReasons: [], conditions: [] }

/** Says what the scheduler would do with a pin, by the rules of its generation. */
function verdictOn(one: Case, { reasons, conditions }: Rules): Verdict {
  const staleReasons = reasons.filter((rule) => rule.holds(one)).map(({ name }) => name)
  if (staleReasons.length > 0) return { usability: 'STALE', staleReasons, conditions: [] }
  const depends = conditions.filter((rule) => rule.holds(one)).map(({ name }) => name)
  return depends.length > 0 ? { usability: 'CONDITIONAL', staleReasons: [], conditions: depends } : USABLE
}

/** What decides about the pins of an API key, without what differs though verdicts do not. */
const likeApiKey = ({ apiKey, owner }: ApiKeyRows, now: number): unknown => [
  {
    ...apiKey,
    expiresAt: apiKey.expiresAt !== null && apiKey.expiresAt <= now ? 0 : null,
    balance: apiKey.balance === null ? null : Math.sign(apiKey.balance - (apiKey.balanceUsed ?? 0)),
    balanceUsed: 0,
  },
  likeOwner(owner),
]

function likeOwner(owner: ApiKeyRows['owner']): unknown {
  if (!owner) return owner === null ? 'none' : 'not told'
  const isOver = owner.quota !== null && (owner.quotaUsed ?? 0) > owner.quota
  return { ...owner, quota: isOver ? 0 : null, quotaUsed: isOver ? 1 : 0 }
}

/** A judge over rows that were read at one moment. API keys with equal rows are alike, so that a target is judged once for them. */
export function createJudge(facts: Facts, ids: PinIds, generation: Generation): Judge {
  const asked = {
    affinityKey: new Set(ids.affinityKey),
    providerId: new Set(ids.providerId),
    endpointId: new Set(ids.endpointId),
    providerKeyId: new Set(ids.providerKeyId),
    id: new Set(ids.modelId),
    name: new Set(ids.modelName),
  }
  const rules: Rules = {
    ...RULES[generation],
    reasons: RULES[generation].reasons.filter(({ name }) => !facts.untold.has(name)),
  }
  const superseded = new Set(ids.supersededEpochs)
  const likenesses = new Map<string, number>()
  const likenessOfRows = new Map<ApiKeyRows, number>()
  const numberOf = (text: string): number => {
    const number = likenesses.get(text) ?? likenesses.size
    likenesses.set(text, number)
    return number
  }
  function likenessOf(apiKeyId: string): number {
    const rows = facts.apiKeys.get(apiKeyId)
    // One without a row is not like one that was not asked for, of which nothing is known.
    if (!rows) return numberOf(String(asked.affinityKey.has(apiKeyId)))
    const known = likenessOfRows.get(rows)
    if (known !== undefined) return known
    const likeness = numberOf(JSON.stringify(likeApiKey(rows, facts.now)))
    likenessOfRows.set(rows, likeness)
    return likeness
  }
  return {
    knows: (pin: JudgedPin) =>
      asked.affinityKey.has(pin.affinityKey) &&
      asked.providerId.has(pin.providerId) &&
      asked.endpointId.has(pin.endpointId) &&
      asked.providerKeyId.has(pin.providerKeyId) &&
      asked[pin.modelIs].has(pin.modelId),
    verdictOf: (pin) =>
      verdictOn(caseOf(facts, pin, pin.epoch !== undefined && superseded.has(pin.epoch)), rules),
    likenessOf,
  }
}
