import type { Generation } from '../../gateway.js'
import type { Judge, JudgedPin, PinIds, Verdict } from '../../usability.js'
import { type Case, caseOf } from './case.js'
import type { ApiKeyRows, Facts, ProviderKeyFacts } from './facts.js'
import { openBreakers } from './rules/later.js'
import type { Rules } from './rules/rule.js'
import { isPast } from './rules/rule.js'
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

/** The same of a provider key. The records of most breakers differ, and only the open ones decide. */
const likeProviderKey = ({ id: _, ...key }: ProviderKeyFacts, now: number): unknown => ({
  ...key,
  invalidAt: key.invalidAt !== null,
  halfOpenUntil: key.halfOpenUntil !== null && key.halfOpenUntil > now,
  nextProbeAt: isPast(key.nextProbeAt, now),
  breakers: openBreakers(key.breakers),
})

/** Numbers ids, so that those are alike whose rows are alike. */
function createLikeness<Row extends object>(
  rowOf: (id: string) => Row | undefined,
  wasAsked: (id: string) => boolean,
  like: (row: Row) => unknown,
): (id: string) => number {
  const numbers = new Map<string, number>()
  const ofRows = new Map<Row, number>()
  const numberOf = (text: string): number => {
    const number = numbers.get(text) ?? numbers.size
    numbers.set(text, number)
    return number
  }
  return (id) => {
    const row = rowOf(id)
    // One without a row is not like one that was not asked for, of which nothing is known.
    if (!row) return numberOf(String(wasAsked(id)))
    const known = ofRows.get(row)
    if (known !== undefined) return known
    const number = numberOf(JSON.stringify(like(row)))
    ofRows.set(row, number)
    return number
  }
}

/**
 * A judge over rows that were read at one moment. API keys with equal rows are alike, and so are provider keys, so that pins which
 * differ in them alone are judged once.
 */
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
  return {
    knows: (pin: JudgedPin) =>
      asked.affinityKey.has(pin.affinityKey) &&
      asked.providerId.has(pin.providerId) &&
      asked.endpointId.has(pin.endpointId) &&
      asked.providerKeyId.has(pin.providerKeyId) &&
      asked[pin.modelIs].has(pin.modelId),
    verdictOf: (pin) =>
      verdictOn(caseOf(facts, pin, pin.epoch !== undefined && superseded.has(pin.epoch)), rules),
    likeness: {
      affinityKey: createLikeness(
        (id) => facts.apiKeys.get(id),
        (id) => asked.affinityKey.has(id),
        (rows) => likeApiKey(rows, facts.now),
      ),
      providerKeyId: createLikeness(
        (id) => facts.providerKeys.get(id),
        (id) => asked.providerKeyId.has(id),
        (key) => likeProviderKey(key, facts.now),
      ),
    },
  }
}
