import { setTimeout as sleep } from 'node:timers/promises'
import type { GatewayNodes, PlanFacts } from '../../gateway/nodes/gateway-nodes.js'
import type { AffinityRecord } from '../affinity-record.js'

/** Write-backs that one round sends to the gateway, so that other calls get their turn. */
const RETURNED_AT_ONCE = 8
/** Milliseconds in which write-backs gather, so that a round has more than the first of them. */
const GATHER_MS = 30

export interface ForgetterOptions {
  readonly gateway: GatewayNodes
  readonly facts: PlanFacts
  readonly actorId: string | null
  /** Whether a flush would clear nothing but write-backs. */
  readonly mayFlush: () => Promise<boolean>
}

/** Lets the gateway forget what it has written back, one by one, as long as it may be called. */
export function createForgetter({ gateway, facts, actorId, mayFlush }: ForgetterOptions) {
  const returned = new Map<string, AffinityRecord>()
  let isRunning = false
  const run = async () => {
    if (isRunning) return
    isRunning = true
    try {
      await sleep(GATHER_MS, undefined, { ref: false })
      while (returned.size > 0 && gateway.callsLeft > 0) {
        // By chance: a balancer that takes its workers in turn would send each of the same few to the same worker again.
        const some = shuffled([...returned.values()]).slice(0, Math.min(RETURNED_AT_ONCE, gateway.callsLeft))
        // The flush is still exact where nothing but write-backs is there.
        const flushes = await mayFlush()
        const { steps } = await gateway.plan(some, { kind: flushes ? 'all' : 'each' }, facts)
        for (const { key } of flushes ? [...returned.values()] : some) returned.delete(key)
        if (steps.length > 0) await gateway.clear(steps, actorId)
      }
    } catch {
      // The cache cannot be read, which its own log tells. The guard goes on.
    } finally {
      isRunning = false
    }
  }
  return (record: AffinityRecord): void => {
    returned.set(record.key, record)
    void run()
  }
}

function shuffled<T>(items: T[]): T[] {
  for (let place = items.length - 1; place > 0; place -= 1) {
    const other = Math.floor(Math.random() * (place + 1))
    const [a, b] = [items[place], items[other]]
    if (a !== undefined && b !== undefined) [items[place], items[other]] = [b, a]
  }
  return items
}
