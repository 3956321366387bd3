import DataLoader from 'dataloader'
import type { AffinityRecord } from '../affinities/affinity-record.js'
import type { KeyFamilies } from '../affinities/key-families.js'
import type { GatewayStore } from '../gateway/gateway.js'
import type { Judge, JudgedPin, PinIds, Verdict } from '../gateway/usability.js'
import type { MaybePromise } from '../util/promises.js'

/** The verdicts on pins for one request. */
export interface VerdictLoader {
  /**
   * Says whether the scheduler would use a pin; at once, without a promise, if its rows have been read. Otherwise pins of one turn
   * of the event loop share a read.
   */
  load(pin: JudgedPin): MaybePromise<Verdict>
  /** Reads the rows of all these pins at once. Never rejects: a failure is met again by `load`. */
  prime(pins: readonly JudgedPin[]): Promise<void>
  /** Takes what another read has read, so that its answer and the one of single pins agree. */
  use(judge: Judge): void
  /** Takes the judges of another loader. */
  adopt(other: Pick<VerdictLoader, 'judges'>): void
  readonly judges: readonly Judge[]
  /** Forgets all judges. */
  forget(): void
  /** Looks for a pin's judge here as well, by its API key, and adds the judges of the pins whose rows it reads. */
  share(judges: Map<string, Judge>): void
}

/** The question whose answer is a judge of all live records. */
export const VERDICTS = 'verdicts'
export interface Judged {
  readonly judge: Judge
}

/** What of a record decides about its pin. */
export const judgedPin = (record: AffinityRecord, families: Pick<KeyFamilies, 'modelIs'>): JudgedPin => ({
  affinityKey: record.affinityKey,
  apiFormat: record.apiFormat,
  modelId: record.modelId,
  modelIs: families.modelIs(record),
  providerId: record.providerId,
  endpointId: record.endpointId,
  providerKeyId: record.providerKeyId,
  family: record.family,
  clientFamily: record.extra?.['clientFamily'],
  epoch: record.extra?.['epoch'],
})

const distinct = (pins: readonly JudgedPin[], idOf: (pin: JudgedPin) => string): readonly string[] => [
  ...new Set(pins.map(idOf)),
]

/** The rows that decide about these pins. */
export const pinIds = (pins: readonly JudgedPin[], supersededEpochs: readonly string[]): PinIds => {
  const modelsThatAre = (modelIs: JudgedPin['modelIs']) =>
    distinct(
      pins.filter((pin) => pin.modelIs === modelIs),
      ({ modelId }) => modelId,
    )
  return {
    affinityKey: distinct(pins, ({ affinityKey }) => affinityKey),
    providerId: distinct(pins, ({ providerId }) => providerId),
    endpointId: distinct(pins, ({ endpointId }) => endpointId),
    providerKeyId: distinct(pins, ({ providerKeyId }) => providerKeyId),
    modelId: modelsThatAre('id'),
    modelName: modelsThatAre('name'),
    supersededEpochs,
  }
}

/** Returns the epochs whose pins a process of the gateway has forgotten; none where that cannot be told. */
export type SupersededEpochs = () => Promise<readonly string[]>

export function createVerdictLoader(
  gateway: Pick<GatewayStore, 'judge'>,
  supersededEpochs: SupersededEpochs,
): VerdictLoader {
  const judges: Judge[] = []
  let shared: Map<string, Judge> | undefined
  /** The judges that were found among the shared ones, by API key: others may replace them there. */
  const found = new Map<string, readonly Judge[]>()
  let failure: Error | undefined
  const knowing = (all: readonly Judge[] | undefined, pin: JudgedPin) => all?.find((one) => one.knows(pin))
  function knownJudge(pin: JudgedPin): Judge | undefined {
    const own = knowing(judges, pin) ?? knowing(found.get(pin.affinityKey), pin)
    if (own) return own
    const judge = shared?.get(pin.affinityKey)
    if (!judge?.knows(pin)) return undefined
    found.set(pin.affinityKey, [...(found.get(pin.affinityKey) ?? []), judge])
    return judge
  }
  const judgeOf = async (pins: readonly JudgedPin[]): Promise<Judge> =>
    gateway.judge(pinIds(pins, await supersededEpochs()))
  const batches = new DataLoader<JudgedPin, Verdict>(
    async (pins) => {
      const judge = await judgeOf(pins)
      judges.push(judge)
      return pins.map((pin) => judge.verdictOf(pin))
    },
    { cache: false },
  )
  return {
    judges,
    load(pin) {
      const judge = knownJudge(pin)
      if (judge) return judge.verdictOf(pin)
      if (failure) throw failure
      return batches.load(pin)
    },
    async prime(pins) {
      const unknown = pins.filter((pin) => !knownJudge(pin))
      if (unknown.length === 0) return
      try {
        const judge = await judgeOf(unknown)
        judges.push(judge)
        for (const { affinityKey } of unknown) shared?.set(affinityKey, judge)
      } catch (error) {
        failure = error instanceof Error ? error : new Error('Pins cannot be judged.', { cause: error })
      }
    },
    use(judge) {
      judges.unshift(judge)
    },
    adopt(other) {
      judges.unshift(...other.judges)
    },
    forget() {
      judges.length = 0
      found.clear()
      failure = undefined
      shared = undefined
    },
    share(others) {
      shared = others
    },
  }
}
