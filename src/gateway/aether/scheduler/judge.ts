import type { Generation } from '../../gateway.js'
import type { Judge, JudgedPin, PinIds, Verdict } from '../../usability.js'
import { type Case, caseOf } from './case.js'
import type { Facts, ProviderKeyFacts } from './facts.js'
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

/** What decides about the pins of a provider key, without what differs though verdicts do not: of breakers, all but open ones. */
const likeProviderKey = ({ id: _, ...key }: ProviderKeyFacts, now: number): unknown => ({
  ...key,
  invalidAt: key.invalidAt !== null,
  halfOpenUntil: key.halfOpenUntil !== null && key.halfOpenUntil > now,
  nextProbeAt: isPast(key.nextProbeAt, now),
  breakers: openBreakers(key.breakers),
})

/**
 * Numbers ids, so that those are alike whose rows are alike.
 * @param rowOf returns null for an id without a row, undefined for one that was not asked for, of which nothing is known
 */
function createLikeness<Row extends object>(
  rowOf: (id: string) => Row | null | undefined,
  like: (row: Row) => unknown,
): (id: string) => number {
  const numbers = new Map<string, number>()
  const ofRows = new Map<Row | null | undefined, number>()
  return (id) => {
    const row = rowOf(id)
    const known = ofRows.get(row)
    if (known !== undefined) return known
    const text = row ? JSON.stringify(like(row)) : String(row)
    const number = numbers.get(text) ?? numbers.size
    numbers.set(text, number)
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
      facts.apiKeys.has(pin.affinityKey) &&
      asked.providerId.has(pin.providerId) &&
      asked.endpointId.has(pin.endpointId) &&
      asked.providerKeyId.has(pin.providerKeyId) &&
      asked[pin.modelIs].has(pin.modelId),
    verdictOf: (pin) =>
      verdictOn(caseOf(facts, pin, pin.epoch !== undefined && superseded.has(pin.epoch)), rules),
    likeness: {
      affinityKey: createLikeness(
        (id) => facts.apiKeys.get(id),
        (rows) => rows,
      ),
      providerKeyId: createLikeness(
        (id) => facts.providerKeys.get(id) ?? (asked.providerKeyId.has(id) ? null : undefined),
        (key) => likeProviderKey(key, facts.now),
      ),
    },
  }
}
