import { setTimeout as sleep } from 'node:timers/promises'

/** Keys of one read. A batch is parsed without a pause, which takes well under 20 ms. */
const BATCH = 1_000
/** Milliseconds in which changes gather before a read that would not fill a batch. */
const GATHER_MS = 3
/** Milliseconds until a failed read is tried again. */
const RETRY_MS = 100

/** @typeParam Batch what a read of keys returns */
export interface ChangeQueueDeps<Batch> {
  /** Reads the current values of these keys. */
  readonly read: (keys: readonly string[]) => Promise<Batch>
  /** Applies what was read to the index, except for keys that are outdated when their turn comes. */
  readonly apply: (
    keys: readonly string[],
    batch: Batch,
    isOutdated: (key: string) => boolean,
  ) => Promise<void>
  /** Called with each failure of `read` or `apply`. The queue tries again, unless this call pauses or resets it. */
  readonly failed: (error: unknown) => void
  /** Called when an attempt succeeds after failures. */
  readonly recovered: () => void
}

interface Waiter {
  readonly applied: number
  readonly resolve: () => void
}

/**
 * A FIFO queue of changed keys, each of which waits at most once. Only one read runs at a time, so that an old value can
 * never replace a newer one.
 */
export class ChangeQueue<Batch> {
  readonly #deps: ChangeQueueDeps<Batch>
  readonly #waiting = new Set<string>()
  /** Keys of the running read whose result is no longer valid, since they were superseded after the read began. */
  readonly #outdated = new Set<string>()
  #reading: ReadonlySet<string> = new Set()
  #added = 0
  #applied = 0
  /** Called when a read fails: these callers do not wait for the end of an outage. */
  readonly #onFailure = new Set<() => void>()
  #waiters: Waiter[] = []
  #isPaused = true
  #isRunning = false
  #isFailing = false

  constructor(deps: ChangeQueueDeps<Batch>) {
    this.#deps = deps
  }

  /** The number of keys that wait or are being read. */
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

  /** Adds keys like `add`, and ignores what a running read finds for them. */
  supersede(keys: readonly string[]): void {
    for (const key of keys) if (this.#reading.has(key)) this.#outdated.add(key)
    this.add(keys)
  }

  /** Stops reading; changes still gather. */
  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#run()
  }

  /** Pauses, forgets all waiting keys and ignores the result of a running read. */
  reset(): void {
    this.pause()
    this.supersede([...this.#reading])
    this.#waiting.clear()
    this.#isFailing = false
    this.#applied = this.#added - this.#reading.size
    this.#settle()
  }

  /** Resolves once every key added before this call has been read and applied, or forgotten. */
  settled(): Promise<void> {
    const applied = this.#added
    if (this.#applied >= applied) return Promise.resolve()
    return new Promise((resolve) => this.#waiters.push({ applied, resolve }))
  }

  /** Resolves like `settled`, or as soon as a read fails: a request must not wait for the end of an outage. */
  settledOrFailed(): Promise<void> {
    if (this.#isFailing) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onFailure.add(resolve)
      void this.settled().then(() => {
        this.#onFailure.delete(resolve)
        resolve()
      })
    })
  }

  /** Resolves once no read of this queue runs. */
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

  /** Returns false if the queue was paused before a read succeeded. */
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
        for (const resolve of this.#onFailure) resolve()
        this.#onFailure.clear()
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
