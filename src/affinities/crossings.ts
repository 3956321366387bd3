/*
 * What crosses a filter while its record stays as it is: by time, or by a row of the database. All streams of a filter share
 * what they are taken to have told, as a selection: a record that has not changed since was told as that selection has it.
 */

import { OverloadedError, RateLimitedError, UnavailableError } from '../errors.js'
import { inQuietTurn } from '../util/quiet-turn.js'
import { TimeSlice } from '../util/time-slice.js'
import { type AffinityEvent, isOfGone } from './affinity-events.js'
import type { AffinityRecord } from './affinity-record.js'
import { type AffinitySelection, isSelected } from './affinity-selection.js'
import type { AffinitySource, Crossing } from './affinity-source.js'

/** Milliseconds between two sweeps. With the time that one takes, a crossing is told within 5 s. */
const SWEEP_EVERY_MS = 3_500
/** Crossings of one filter that a sweep tells; the next one goes on. */
const CROSSINGS_A_SWEEP = 1_000
/** Crossings that are kept until the filter's streams have been told all the rest: beyond it, to read the list anew is faster. */
const MOST_TOLD_AHEAD = 20_000

/** Receives what happens to the records of a filter, in its order. */
export interface CrossingListener {
  /**
   * A record changed. `before` and `after`: whether the record is taken to have been told as one that the filter selects,
   * as it was before and as it is now.
   */
  changed(event: AffinityEvent, before: boolean, after: boolean): void
  /** A record that has not changed crossed the filter. @param holds whether the filter holds now */
  crossed(event: AffinityEvent, holds: boolean): void
  /** The filter was looked at, at this time. `holds`: whether it holds now; `isTold`: whether it is taken to have been told so. */
  looked(at: Date, holds: RecordCheck, isTold: RecordCheck): void
  /** Nothing is told any more. */
  lost(reason: unknown): void
}

export type RecordCheck = (record: AffinityRecord) => boolean

/** Sweeps over the filters that somebody listens to, and tells what crossed them. Nothing runs while nobody listens. */
export interface Crossings {
  /**
   * Opens a filter. Those who name the same one share it.
   * @param select returns what the filter selects now
   * @returns a function that adds a listener, and returns a function that removes it; it throws as AffinitySource.events
   */
  open(
    name: string,
    select: () => Promise<AffinitySelection>,
  ): Promise<(listener: CrossingListener) => () => void>
}

export interface CrossingsDeps {
  readonly source: Pick<AffinitySource, 'crossings' | 'events' | 'state'>
  /** Unix milliseconds. */
  readonly now: () => number
  /** Default 3,500. */
  readonly everyMs?: number | undefined
  /** Default 1,000. */
  readonly perSweep?: number
}

export function createCrossings({
  source,
  now,
  everyMs = SWEEP_EVERY_MS,
  perSweep = CROSSINGS_A_SWEEP,
}: CrossingsDeps): Crossings {
  const filters = new Map<string, WatchedFilter>()
  let timer: NodeJS.Timeout | undefined
  let isSweeping = false

  function sweepIn(ms: number): void {
    clearTimeout(timer)
    timer = setTimeout(() => inQuietTurn(() => void sweep()), ms).unref()
  }

  /** Many filters on very many records take long: then half of the time is for others. */
  async function sweep(): Promise<void> {
    clearTimeout(timer)
    isSweeping = true
    const begun = performance.now()
    for (const filter of [...filters.values()]) {
      if (source.state === 'live') await filter.look()
    }
    isSweeping = false
    const took = performance.now() - begun
    if (filters.size > 0) sweepIn(Math.max(everyMs - took, took))
  }

  function begin(name: string, filter: WatchedFilter): WatchedFilter {
    const stop = source.events(
      (event) => filter.changed(event),
      (reason) => filter.lose(reason),
    )
    filters.set(name, filter)
    if (filters.size === 1 && !isSweeping) sweepIn(everyMs)
    filter.onEmpty = () => {
      stop()
      filters.delete(name)
      if (filters.size === 0) clearTimeout(timer)
    }
    return filter
  }

  return {
    async open(name, select) {
      // Refuses at once what nobody will be told of.
      source.events(() => {})()
      const told = filters.get(name)?.told ?? (await select())
      return (listener) => {
        const filter =
          filters.get(name) ?? begin(name, new WatchedFilter({ source, now, perSweep, select }, told))
        return filter.listen(listener)
      }
    },
  }
}

interface FilterDeps extends Pick<CrossingsDeps, 'source' | 'now'> {
  readonly perSweep: number
  readonly select: () => Promise<AffinitySelection>
}

class WatchedFilter {
  readonly #deps: FilterDeps
  readonly #listeners = new Set<CrossingListener>()
  #told: AffinitySelection
  /** What was told since, of records that have not changed: a part of what has crossed. */
  readonly #toldAhead = new Map<string, Crossing>()
  onEmpty = (): void => {}

  constructor(deps: FilterDeps, told: AffinitySelection) {
    this.#deps = deps
    this.#told = told
  }

  /** What the listeners are taken to have been told, but for what was told ahead. */
  get told(): AffinitySelection {
    return this.#told
  }

  listen(listener: CrossingListener): () => void {
    this.#listeners.add(listener)
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.onEmpty()
    }
  }

  changed(event: AffinityEvent): void {
    const { record, previous, type } = event
    const before = type !== 'CREATED' && this.#isTold(previous ?? record)
    this.#toldAhead.delete(record.key)
    const after = !isOfGone(event) && isSelected(record, this.#told)
    for (const listener of this.#listeners) listener.changed(event, before, after)
  }

  lose(reason: unknown): void {
    for (const listener of this.#listeners) listener.lost(reason)
  }

  /** Looks what the filter selects now, and tells what has crossed. */
  async look(): Promise<void> {
    try {
      await this.#tellCrossings(await this.#deps.select())
    } catch (error) {
      // A store that is away, or that has too much to do, is asked again in the next sweep.
      if (!(error instanceof UnavailableError || error instanceof RateLimitedError)) this.lose(error)
    }
  }

  async #tellCrossings(now: AffinitySelection): Promise<void> {
    const at = new Date(this.#deps.now())
    let left = await this.#tellBack(now, at)
    const isKnown = (key: string, holds: boolean) => this.#toldAhead.get(key)?.holds === holds
    await this.#deps.source.crossings({ before: this.#told, after: now, isKnown }, (crossings) => {
      for (const crossing of crossings) {
        if (left <= 0) return
        left -= 1
        this.#tell(crossing, at)
      }
      if (left < 0) return
      this.#told = now
      this.#toldAhead.clear()
    })
    if (this.#toldAhead.size > MOST_TOLD_AHEAD) return this.lose(tooMany())
    for (const listener of this.#listeners) {
      listener.looked(at, (record) => isSelected(record, now), this.#isTold)
    }
  }

  /** Tells what has crossed back since it was told ahead. @returns how many more may be told; -1: there is more of this */
  async #tellBack(now: AffinitySelection, at: Date): Promise<number> {
    const slice = new TimeSlice()
    let left = this.#deps.perSweep
    for (const [key, crossing] of this.#toldAhead) {
      if (slice.isOver()) await slice.next()
      const { record, holds } = crossing
      // It may have changed in between.
      if (this.#toldAhead.get(key) !== crossing || isSelected(record, now) === holds) continue
      left -= 1
      if (left < 0) return left
      this.#tell({ record, holds: !holds }, at)
    }
    return left
  }

  #tell(crossing: Crossing, at: Date): void {
    const { record, holds } = crossing
    this.#toldAhead.set(record.key, crossing)
    const event = { type: holds ? 'ENTERED' : 'LEFT', at, record } as const
    for (const listener of this.#listeners) listener.crossed(event, holds)
  }

  readonly #isTold = (record: AffinityRecord): boolean =>
    this.#toldAhead.get(record.key)?.holds ?? isSelected(record, this.#told)
}

const tooMany = () =>
  new OverloadedError(
    1,
    'More affinities crossed the filter than can be told one by one, so that this stream has ended: read the list anew.',
  )
