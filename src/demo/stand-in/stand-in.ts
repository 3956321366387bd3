import type { Generation } from '../../gateway/nodes/gateway-nodes.js'
import {
  createAdminRoutes,
  type StandInAnswer,
  type StandInApiKey,
  type StandInCall,
  type StandInToken,
} from './admin-routes.js'
import type { StandInProcess, StandInRequest, StandInTarget, UnderWay } from './process.js'
import { createPythonWorker } from './python-worker.js'
import { createRustProcess } from './rust-process.js'
import type { StandInStore } from './stand-in-store.js'

export interface StandInOptions {
  readonly generation: Generation
  readonly store: StandInStore
  /** Unix milliseconds. Tests pass a clock that they move. */
  readonly now?: () => number
  /** Workers of a Python gateway (default 2), or processes behind one address of a Rust gateway (default 1). */
  readonly processes?: number
  /** At least one. Requests without a pin go to the first, until `prefer` says otherwise. */
  readonly targets: readonly StandInTarget[]
  /** Chooses in place of that. */
  readonly choose?: (request: StandInRequest) => StandInTarget
  readonly apiKeys: readonly StandInApiKey[]
  readonly tokens: readonly StandInToken[]
  /** False: the module of management tokens is off, as it is by default on Python. */
  readonly acceptsTokens?: boolean
  /** Accepts an administrator's access token, as the oldest generation does. */
  readonly acceptsAccessToken?: (token: string) => Promise<boolean>
  /** The epoch of the first process of a Rust gateway. */
  readonly epoch?: number
}

export interface StandInGateway {
  readonly generation: Generation
  readonly processes: number
  /** Sends a request through a process, the next in turn by default. @returns where it went */
  serve(request: StandInRequest, process?: number): Promise<StandInTarget>
  /** Begins a request that is not answered before `finish`. */
  begin(request: StandInRequest, process?: number): Promise<UnderWay>
  /** Requests without a pin go to this target from now on. */
  prefer(target: StandInTarget): void
  /** Answers a call to the admin API, at one of the processes. */
  answer(call: StandInCall, process: number): Promise<StandInAnswer>
  /** Starts the processes anew, with empty memories. */
  restart(): void
  /** An administrator changes a provider, endpoint, provider key or model. */
  changeRoutes(): void
}

const TTL_SECONDS = 300

/**
 * Stands in for a gateway, in the demo and in tests: it keeps its pins as each generation does, and answers the part of the
 * admin API that clears them. It was written from measurements of the real programs.
 */
export function createStandIn(options: StandInOptions): StandInGateway {
  const { generation, store, now = Date.now } = options
  const isRust = generation === 'PROCESS_MEMORY'
  const count = options.processes ?? (isRust ? 1 : 2)
  let preferred: StandInTarget | undefined
  let epoch = options.epoch ?? 1
  let turn = 0

  const choose = (request: StandInRequest): StandInTarget => {
    if (options.choose) return options.choose(request)
    const target = preferred ?? options.targets[0]
    if (!target) throw new Error('The stand-in has no target.')
    return target
  }
  const start = (): StandInProcess[] =>
    Array.from({ length: count }, (_, place) =>
      isRust
        ? createRustProcess({ store, now, choose, epoch: epoch + place * 1_000 })
        : createPythonWorker({ store, now, choose, ttlSeconds: TTL_SECONDS }),
    )
  let processes = start()
  const processAt = (place: number): StandInProcess => {
    const found = processes[place % count]
    if (!found) throw new Error('The stand-in has no process.')
    return found
  }
  const next = () => {
    turn += 1
    return turn
  }
  const routes = createAdminRoutes({ ...options, now })

  return {
    generation,
    processes: count,
    async serve(request, process = next()) {
      const underWay = await processAt(process).begin(request)
      await underWay.finish()
      return underWay.target
    },
    begin: (request, process = next()) => processAt(process).begin(request),
    prefer(target) {
      preferred = target
    },
    answer: (call, process) => routes(call, processAt(process)),
    restart() {
      epoch += 1
      processes = start()
    },
    changeRoutes() {
      for (const process of processes) process.routesChanged()
    },
  }
}
