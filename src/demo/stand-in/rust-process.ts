import type { OnePin, StandInProcess, StandInRequest, StandInTarget } from './process.js'
import type { StandInStore } from './stand-in-store.js'

export const RUST_PREFIX = 'scheduler_affinity:'
/** A pin lasts so many seconds after each use. */
const PIN_SECONDS = 300
/** Ranked candidates of a session that was served twice are kept for so many milliseconds. */
const RANKING_MS = 300_000
/** With fewer pins in memory nothing is swept. */
const FEWEST_SWEPT = 1_000

interface Pin {
  readonly request: StandInRequest
  readonly target: StandInTarget
  readonly createdAt: number
  readonly expiresAt: number
  readonly requestCount: number
}

export interface RustProcessOptions {
  readonly store: StandInStore
  /** Unix milliseconds. */
  readonly now: () => number
  /** The epoch that its mirrors carry. */
  readonly epoch: number
  readonly choose: (request: StandInRequest) => StandInTarget
}

export const rustKeyOf = ({
  apiKeyId,
  apiFormat,
  model,
  clientFamily,
  sessionHash,
}: StandInRequest): string =>
  sessionHash === undefined
    ? `${RUST_PREFIX}${apiKeyId}:${apiFormat}:${model}`
    : `${RUST_PREFIX}v2:${apiKeyId}:${apiFormat}:${model}:${clientFamily ?? 'unknown'}:${sessionHash}`

/**
 * A process of the Rust gateway. Its memory decides; Redis holds a mirror that it never reads to route. The ranked candidates
 * of a session that was served twice are kept for five minutes, and outlive the pin.
 */
export function createRustProcess(options: RustProcessOptions): StandInProcess {
  const { store, now, choose } = options
  let { epoch } = options
  const pins = new Map<string, Pin>()
  const rankings = new Map<string, { readonly target: StandInTarget; readonly until: number }>()
  const counts = { hits: 0, misses: 0 }
  let sweepAt = FEWEST_SWEPT

  const live = (key: string): Pin | undefined => {
    const pin = pins.get(key)
    return pin && pin.expiresAt > now() / 1_000 ? pin : undefined
  }

  async function write(key: string, pin: Pin): Promise<void> {
    sweep()
    pins.set(key, pin)
    const mirror = {
      provider_id: pin.target.providerId,
      endpoint_id: pin.target.endpointId,
      key_id: pin.target.providerKeyId,
      created_at: pin.createdAt,
      expire_at: pin.expiresAt,
      request_count: pin.requestCount,
      scheduler_affinity_epoch: epoch,
    }
    await store.set(key, JSON.stringify(mirror), PIN_SECONDS)
  }

  /** Forgets what has expired, now and then: a demo may run for weeks, with new sessions all the time. */
  function sweep(): void {
    if (pins.size < sweepAt) return
    forgetExpired()
    sweepAt = 2 * pins.size + FEWEST_SWEPT
  }

  function forgetExpired(): void {
    for (const [key, pin] of pins) if (pin.expiresAt <= now() / 1_000) pins.delete(key)
    for (const [key, { until }] of rankings) if (until <= now()) rankings.delete(key)
  }

  async function drop(isMeant: (pin: Pin) => boolean): Promise<number> {
    forgetExpired()
    const keys = [...pins].filter(([, pin]) => isMeant(pin)).map(([key]) => key)
    for (const key of keys) pins.delete(key)
    await store.delete(keys)
    return keys.length
  }

  return {
    async begin(request) {
      const key = rustKeyOf(request)
      // A pin without a session is written and never read.
      const pin = request.sessionHash === undefined ? undefined : live(key)
      const kept = rankings.get(key)
      const ranking = kept && kept.until > now() ? kept : undefined
      const target = ranking?.target ?? pin?.target ?? choose(request)
      counts[pin || ranking ? 'hits' : 'misses'] += 1
      if (pin && !ranking) rankings.set(key, { target, until: now() + RANKING_MS })
      return {
        target,
        async finish() {
          const before = live(key)
          const isSame = before?.target.providerKeyId === target.providerKeyId
          const seconds = Math.floor(now() / 1_000)
          await write(key, {
            request,
            target,
            createdAt: before && isSame ? before.createdAt : seconds,
            expiresAt: seconds + PIN_SECONDS,
            requestCount: (before && isSame ? before.requestCount : 0) + (request.sessionHash ? 2 : 1),
          })
        },
      }
    },
    clearOne: (one) => drop((pin) => isOne(pin, one)),
    clearApiKeys: (ids) => drop(({ request }) => ids.includes(request.apiKeyId)),
    clearProvider: (providerId) => drop(({ target }) => target.providerId === providerId),
    async flush() {
      forgetExpired()
      rankings.clear()
      const flushed = pins.size
      pins.clear()
      await store.delete(await mirrorsOf(store, epoch))
      return flushed
    },
    async list() {
      forgetExpired()
      return [...new Set([...pins.keys(), ...(await mirrorsOf(store, epoch))])]
    },
    apiKeyWritten: () => rankings.clear(),
    routesChanged() {
      rankings.clear()
      pins.clear()
      epoch += 1
    },
    get hits() {
      return counts.hits
    },
    get misses() {
      return counts.misses
    },
  }
}

function isOne({ request, target }: Pin, one: OnePin): boolean {
  const isSession =
    (one.clientFamily === undefined || one.clientFamily === request.clientFamily) &&
    (one.sessionHash === undefined || one.sessionHash === request.sessionHash)
  return (
    isSession &&
    request.apiKeyId === one.apiKeyId &&
    target.endpointId === one.endpointId &&
    request.model === one.model &&
    request.apiFormat.toLowerCase() === one.apiFormat.toLowerCase()
  )
}

/** A flush and a list leave out the mirrors of other epochs. */
async function mirrorsOf(store: StandInStore, epoch: number): Promise<string[]> {
  const keys: string[] = []
  for (const key of await store.keys(RUST_PREFIX)) {
    if ((await store.get(key))?.includes(`"scheduler_affinity_epoch":${epoch}}`)) keys.push(key)
  }
  return keys
}
