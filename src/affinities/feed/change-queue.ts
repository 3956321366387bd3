import { setTimeout as sleep } from 'node:timers/promises'
import type { AffinityBatch } from '../affinity-record.js'

/** Keys of one read. Each is parsed in one go: a batch stays well under 20 ms. */
const BATCH = 1_000
/** Milliseconds from the first change to the read, and between two reads that are not full: changes gather meanwhile. */
const GATHER_MS = 3
/** Milliseconds until a read that failed is tried again. */
const RETRY_MS = 100

export interface ChangeQueueDeps {
  /** These keys as they are now. */
  readonly read: (keys: readonly string[]) => Promise<AffinityBatch>
  readonly apply: (
    keys: readonly string[],
    batch: AffinityBatch,
    isOutdated: (key: string) => boolean,
  ) => Promise<void>
  /** Called with each failure to read or to apply; unless it pauses or resets the queue, that is tried again. */
  readonly failed: (error: unknown) => void
  /** Called when an attempt succeeds after those that failed. */
  readonly recovered: () => void
}

interface Waiter {
  readonly applied: number
  readonly resolve: () => void
}

/**
 * Keys that have changed, each waiting once to be read, oldest first; one read at a time, so that nothing old can take the
 * place of something new.
 */
export class ChangeQueue {
  readonly #deps: ChangeQueueDeps
  readonly #waiting = new Set<string>()
  /** Keys of the read under way that have been dealt with since it began. */
  readonly #outdated = new Set<string>()
  #reading: ReadonlySet<string> = new Set()
  #added = 0
  #applied = 0
  readonly #impatient = new Set<() => void>()
  #waiters: Waiter[] = []
  #isPaused = true
  #isRunning = false
  #isFailing = false

  constructor(deps: ChangeQueueDeps) {
    this.#deps = deps
  }

  /** Keys that wait, or are being read. */
  get pending(): number {
    return this.#waiting.size + this.#reading.size
  }

  has(key: string): boolean {
    return this.#waiting.has(key) || this.#reading.has(key)
  }

  add(keys: readonly string[]): void {
    for (const key of keys) {
      const before = this.#waiting.size
      this.#waiting.add(key)
      this.#added += this.#waiting.size - before
    }
    this.#run()
  }

  /** As `add`; what a read under way finds for these keys is not taken in. */
  supersede(keys: readonly string[]): void {
    for (const key of keys) if (this.#reading.has(key)) this.#outdated.add(key)
    this.add(keys)
  }

  /** Lets changes gather without reading them. */
  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#run()
  }

  /** Forgets what waits, and does not take in what is being read. */
  reset(): void {
    this.pause()
    this.supersede([...this.#reading])
    this.#waiting.clear()
    this.#isFailing = false
    this.#applied = this.#added - this.#reading.size
    this.#settle()
  }

  /** Resolves once all that was added before has been read and taken in, or forgotten. */
  settled(): Promise<void> {
    const applied = this.#added
    if (this.#applied >= applied) return Promise.resolve()
    return new Promise((resolve) => this.#waiters.push({ applied, resolve }))
  }

  /** As `settled`, but nobody who wants an answer waits for an outage to end. */
  settledOrFailed(): Promise<void> {
    if (this.#isFailing) return Promise.resolve()
    return new Promise((resolve) => {
      this.#impatient.add(resolve)
      void this.settled().then(() => {
        this.#impatient.delete(resolve)
        resolve()
      })
    })
  }

  /** While a full read is under way nothing is taken in by this. Resolves once the read that was under way has ended. */
  async idle(): Promise<void> {
    while (this.#isRunning) await sleep(1)
  }

  #run(): void {
    if (this.#isRunning || this.#isPaused || this.#waiting.size === 0) return
    this.#isRunning = true
    void this.#loop().finally(() => {
      this.#isRunning = false
      this.#run()
    })
  }

  async #loop(): Promise<void> {
    if (this.#waiting.size < BATCH) await sleep(GATHER_MS)
    while (!this.#isPaused && this.#waiting.size > 0) {
      const startedAt = performance.now()
      await this.#readOnce()
      const rest = GATHER_MS - (performance.now() - startedAt)
      if (this.#waiting.size < BATCH && rest > 0) await sleep(rest)
    }
  }

  async #readOnce(): Promise<void> {
    const keys = this.#take()
    this.#reading = new Set(keys)
    const isApplied = await this.#tryUntilApplied(keys)
    this.#outdated.clear()
    this.#reading = new Set()
    if (isApplied) this.#applied += keys.length
    else this.#putBack(keys)
    this.#settle()
  }

  /** False where it was paused before a read succeeded. */
  async #tryUntilApplied(keys: readonly string[]): Promise<boolean> {
    while (true) {
      try {
        const batch = await this.#deps.read(keys)
        await this.#deps.apply(keys, batch, (key) => this.#outdated.has(key))
        if (this.#isFailing) this.#deps.recovered()
        this.#isFailing = false
        return true
      } catch (error) {
        const isOver = () => keys.every((key) => this.#outdated.has(key))
        if (isOver()) return true
        this.#isFailing = true
        this.#deps.failed(error)
        for (const resolve of this.#impatient) resolve()
        this.#impatient.clear()
        if (isOver()) return true
        if (this.#isPaused) return false
        await sleep(RETRY_MS)
      }
    }
  }

  #putBack(keys: readonly string[]): void {
    const later = [...this.#waiting]
    this.#waiting.clear()
    for (const key of [...keys, ...later]) this.#waiting.add(key)
    this.#applied += keys.length + later.length - this.#waiting.size
  }

  #take(): string[] {
    const keys: string[] = []
    for (const key of this.#waiting) {
      keys.push(key)
      if (keys.length === BATCH) break
    }
    for (const key of keys) this.#waiting.delete(key)
    return keys
  }

  #settle(): void {
    const [reached, rest] = [[] as Waiter[], [] as Waiter[]]
    for (const waiter of this.#waiters) (waiter.applied <= this.#applied ? reached : rest).push(waiter)
    this.#waiters = rest
    for (const { resolve } of reached) resolve()
  }
}
