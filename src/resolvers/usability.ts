import type { AffinityReader } from '../affinities/affinity-reader.js'
import type { AffinityRecord, Dimension } from '../affinities/affinity-record.js'
import type { Classes, Condition } from '../affinities/affinity-selection.js'
import type { KeyFamilies } from '../affinities/key-families.js'
import type { Context, Readers, SharedRead } from '../context.js'
import { InvalidInputError } from '../errors.js'
import type { Judge, PinIds, StaleReason, Usability, Verdict } from '../gateway/usability.js'
import { type Judged, judgedPin, VERDICTS, type VerdictLoader } from '../loaders/verdicts.js'
import type { MaybePromise } from '../util/promises.js'

/** Number of rows that the verdict on one record needs: its API key with its owner, provider, endpoint, provider key and model. */
export const STALE_ROWS = 6

/** The last verdict of each loader: the fields of a record ask for it one after the other. */
const lastVerdicts = new WeakMap<
  VerdictLoader,
  { readonly record: AffinityRecord; readonly verdict: Verdict }
>()

/** Says what the gateway's scheduler would do with the pin now. */
export function verdictOn(record: AffinityRecord, context: Context): MaybePromise<Verdict> {
  const { verdicts } = context.loaders
  const last = lastVerdicts.get(verdicts)
  if (last?.record === record) return last.verdict
  const verdict = verdicts.load(judgedPin(record, context.affinityStore.families))
  if (!(verdict instanceof Promise)) lastVerdicts.set(verdicts, { record, verdict })
  return verdict
}

/** The fields of a filter that depend on the verdict. */
export interface VerdictFilter {
  readonly stale?: boolean | null | undefined
  readonly usability?: Usability | null | undefined
  readonly staleReasons?: readonly StaleReason[] | null | undefined
}

/**
 * Makes a check of verdicts of a filter; undefined if the filter does not depend on them.
 * @throws InvalidInputError if a list is empty
 */
export function verdictCheck({
  stale,
  usability,
  staleReasons,
}: VerdictFilter): ((verdict: Verdict) => boolean) | undefined {
  if (staleReasons?.length === 0) {
    throw new InvalidInputError('staleReasons must not be empty.', 'filter.staleReasons')
  }
  if (stale == null && usability == null && staleReasons == null) return undefined
  const wanted = staleReasons == null ? undefined : new Set(staleReasons)
  return (verdict) =>
    (stale == null || (verdict.usability === 'STALE') === stale) &&
    (usability == null || verdict.usability === usability) &&
    (wanted === undefined || verdict.staleReasons.some((reason) => wanted.has(reason)))
}

/**
 * Makes the check of a clear that depends on verdicts: which of the records still pass the filter, by rows that are read now.
 * Undefined if the filter does not depend on verdicts.
 */
export function rejudgeBy(
  filter: VerdictFilter,
  { judgeNow, affinityStore: { families } }: Context,
): ((records: readonly AffinityRecord[]) => Promise<readonly AffinityRecord[]>) | undefined {
  const check = verdictCheck(filter)
  return (
    check &&
    (async (records) => {
      const judge = await judgeNow(records.map((record) => judgedPin(record, families)))
      return records.filter((record) => check(judge.verdictOf(judgedPin(record, families))))
    })
  )
}

/** Those with few values first. */
const JUDGED_DIMENSIONS = [
  'family',
  'clientFamily',
  'epoch',
  'apiFormat',
  'providerId',
  'endpointId',
  'providerKeyId',
  'modelId',
  'affinityKey',
] as const satisfies readonly Dimension[]

/** A record that came after the rows were read, and names another row, is not told: it counts as usable. */
const NOT_TOLD: Verdict = { usability: 'USABLE', staleReasons: [], conditions: [] }

/** The conditions of each judge, by filter: fields and pages that ask the same share the answers. */
const conditions = new WeakMap<Judge, Map<string, Condition>>()

/** Returns the condition that the judge's verdict passes a filter, which must depend on verdicts. */
export function verdictCondition(filter: VerdictFilter, judge: Judge, families: KeyFamilies): Condition {
  const ofJudge = conditions.get(judge) ?? new Map<string, Condition>()
  conditions.set(judge, ofJudge)
  const { stale, usability, staleReasons } = filter
  const name = JSON.stringify([stale ?? null, usability ?? null, [...(staleReasons ?? [])].sort()])
  const condition = ofJudge.get(name) ?? conditionOf(filter, judge, families)
  ofJudge.set(name, condition)
  return condition
}

function conditionOf(filter: VerdictFilter, judge: Judge, families: KeyFamilies): Condition {
  const check = verdictCheck(filter) ?? (() => true)
  const { verdictOf, ...asked } = judged(judge, families)
  return { ...asked, holds: (values) => check(verdictOf(values)) }
}

/** The classes of verdicts, and the verdict of each. */
export interface VerdictClasses {
  readonly classes: Classes
  readonly verdicts: readonly Verdict[]
}

/** The classes of each judge: those who ask while it is kept share the answers. */
const classesOfJudges = new WeakMap<Judge, VerdictClasses>()

/** Returns the classes of records with equal verdicts of the judge. */
export function verdictClasses(judge: Judge, families: KeyFamilies): VerdictClasses {
  const known = classesOfJudges.get(judge)
  if (known) return known
  const numbers = new Map<string, number>()
  const verdicts: Verdict[] = []
  const { verdictOf, ...asked } = judged(judge, families)
  const made = {
    verdicts,
    classes: {
      ...asked,
      classOf(values: readonly (string | undefined)[]) {
        const verdict = verdictOf(values)
        const name = [verdict.usability, ...verdict.staleReasons].join()
        const number = numbers.get(name) ?? verdicts.push(verdict) - 1
        numbers.set(name, number)
        return number
      },
    },
  }
  classesOfJudges.set(judge, made)
  return made
}

/** What of a record is judged. API keys and provider keys that are alike have equal verdicts. */
function judged(judge: Judge, families: KeyFamilies) {
  return {
    dimensions: JUDGED_DIMENSIONS,
    likeness: judge.likeness,
    verdictOf(values: readonly (string | undefined)[]): Verdict {
      const [family = '', clientFamily, epoch, apiFormat = '', providerId = ''] = values
      const [endpointId = '', providerKeyId = '', modelId = '', affinityKey = ''] = values.slice(5)
      const modelIs = families.modelIs({ family })
      const pin = {
        ...{ affinityKey, apiFormat, modelId, modelIs, providerId, endpointId, providerKeyId },
        ...{ family, clientFamily, epoch },
      }
      return judge.knows(pin) ? judge.verdictOf(pin) : NOT_TOLD
    },
  }
}

/** A judge with the readers of the same moment; one that was kept has none. */
interface JudgedNow extends Judged {
  readonly readers?: Readers
}

/**
 * Returns a judge of all live records. If they are very many, it may be some seconds old, and then the other verdicts of the request are
 * this judge’s as well.
 * @param isFresh whether its rows must be read now, for a clear
 */
export async function judgeOfAll(context: Context, isFresh: boolean): Promise<Judge> {
  const kept = isFresh ? undefined : (context.kept(VERDICTS) as Judged | undefined)
  if (kept) {
    context.loaders.verdicts.use(kept.judge)
    return kept.judge
  }
  const { judge, readers } = await context.shared(judgeRead(context))
  if (readers) context.adopt(readers)
  return judge
}

const NAMED_DIMENSIONS = ['affinityKey', 'providerId', 'endpointId', 'providerKeyId', 'modelId'] as const

/** The read of what decides about all live records: a row of each id in use, and the owner of each API key. */
const judgeRead = ({ affinitySizes, affinityStore }: Context): SharedRead<JudgedNow> => ({
  question: VERDICTS,
  keep: ({ judge }) => ({ judge }),
  size: () =>
    NAMED_DIMENSIONS.reduce((sum, dimension) => sum + affinitySizes.values(dimension), 0) +
    affinitySizes.values('affinityKey'),
  async run(readers) {
    const ids = await idsInUse(readers.affinities, affinityStore.families)
    const supersededEpochs = await readers.loaders.supersededEpochs()
    const judge = await readers.gateway.judge({ ...ids, supersededEpochs })
    readers.loaders.verdicts.use(judge)
    return { judge, readers }
  },
})

/** Returns the distinct ids that live records name. */
async function idsInUse(
  affinities: Pick<AffinityReader, 'distinct'>,
  families: KeyFamilies,
): Promise<PinIds> {
  // A copy, since the index changes its sets while rows are read.
  const inUse = async (dimension: Dimension): Promise<readonly string[]> => {
    const ids: string[] = []
    const live = await affinities.distinct(dimension)
    live.forEach((id) => {
      ids.push(id)
    })
    return ids
  }
  const kinds = new Set((await inUse('family')).map((family) => families.modelIs({ family })))
  const models = await inUse('modelId')
  return {
    affinityKey: await inUse('affinityKey'),
    providerId: await inUse('providerId'),
    endpointId: await inUse('endpointId'),
    providerKeyId: await inUse('providerKeyId'),
    modelId: kinds.has('id') ? models : [],
    modelName: kinds.has('name') ? models : [],
  }
}
