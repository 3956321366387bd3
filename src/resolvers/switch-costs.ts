import type { RemovedPin } from '../affinities/clear/cleared-pins.js'
import type { Context } from '../context.js'
import type { Loaders } from '../loaders/index.js'
import { type SwitchCosts, switchCostsOf } from '../usage/switch-costs.js'
import type { ClearedPin, SwitchSide, SwitchSumsOfGroup } from '../usage/usage-chains.js'
import { filterText, type Period, type UsageGrouping } from '../usage/usage-rows.js'
import { askRows, readFirst, type UsageArguments } from './usage-questions.js'

export const DEFAULT_SWITCH_GROUPS = 20

export interface SwitchCostsArguments extends UsageArguments {
  readonly by: UsageGrouping
  readonly side?: SwitchSide | null | undefined
}

export interface SwitchGroup {
  readonly by: UsageGrouping
  readonly sums: SwitchSumsOfGroup
}

export interface SwitchCostsAnswer extends Period, Omit<SwitchCosts, 'groups'> {
  readonly by: UsageGrouping
  readonly sessionsKnown: boolean
  readonly groups: readonly SwitchGroup[]
}

/**
 * Sums what it cost that neighbouring requests were answered by different provider keys.
 * @throws NotAvailableError where the tables lack what the question needs
 */
export async function switchCosts(
  { by, side: givenSide, first: givenFirst, filter: givenFilter, ...times }: SwitchCostsArguments,
  context: Context,
): Promise<SwitchCostsAnswer> {
  const first = readFirst(givenFirst, DEFAULT_SWITCH_GROUPS)
  const side = givenSide ?? 'SECOND'
  const filter = givenFilter ?? {}
  const question = ['switchCosts', by, side, filterText(filter)]
  const { period, answer } = await askRows(question, times, context, async (asked, { loaders }, signal) => {
    const cleared = await withNames(context.clearedPins(), asked, loaders)
    return context.chains.switchSums({ ...asked, by, side, filter, cleared }, signal)
  })
  const { groups, ...figures } = switchCostsOf(answer.groups, { ...period, by }, first)
  return {
    ...period,
    by,
    // Rows of which no session is known may be of several.
    sessionsKnown: answer.tellsSessions && figures.total.withoutSession === 0,
    ...figures,
    groups: groups.map((sums) => ({ by, sums })),
  }
}

/** Names models as usage rows do: by the names that lead to them. */
async function withNames(
  pins: readonly RemovedPin[],
  { since, until }: Period,
  { namesOfGlobalModels }: Loaders,
): Promise<ClearedPin[]> {
  const within = pins.filter(({ at }) => at >= since.getTime() && at < until.getTime())
  const ids = [...new Set(within.map(({ modelId }) => modelId))]
  const names = new Map(
    await Promise.all(
      ids.map(async (id) => [id, [...((await namesOfGlobalModels.load(id)) ?? [])]] as const),
    ),
  )
  return within.map(({ affinityKey, providerKeyId, modelId, at }) => ({
    apiKeyId: affinityKey,
    providerKeyId,
    models: [modelId, ...(names.get(modelId) ?? [])],
    at: new Date(at),
  }))
}
