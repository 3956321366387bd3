import { createChangeFilter } from '../log/change-filter.js'
import { parseJson } from '../util/text.js'
import { type Counters, parseCountersJson } from './counters.js'

/** Says which gateways are polled for their statistics, and how. */
export interface GatewayPollerOptions {
  /** Base URLs, such as `https://gateway.example` or `http://10.0.0.7:8000/prefix`, without credentials. */
  readonly urls: readonly string[]
  /**
   * An administrator's token of these gateways, or where to find it now; without one nothing is polled. Redirects are not
   * followed, so that it is sent to them only.
   */
  readonly token: string | (() => Promise<string | undefined>)
  /** Whether this gateway may be called now; if not, the poll is left out. Default: always. */
  readonly mayPoll?: (url: string) => boolean
  /** Called with a gateway's first state, and whenever it changes. */
  readonly onChange: (gateway: GatewayState) => void
  /** Milliseconds between two polls. Default 10,000. */
  readonly intervalMs?: number
  /** Milliseconds that a whole answer may take. Default 2,000. */
  readonly timeoutMs?: number
}

export interface GatewayState {
  /** The URL as it was configured. */
  readonly url: string
  readonly isUp: boolean
  /** The reason why its counters are left out; null while it is up. It never contains the token or the gateway's answer. */
  readonly problem: string | null
}

export interface GatewayPoller {
  /** Returns the counters of gateways that answered their last poll. Older counters of the others are left out. */
  counters(): readonly Counters[]
  /** Returns the state of each gateway that has been polled at least once. */
  states(): readonly GatewayState[]
  /** Polls now and then at intervals. Its timer does not keep the process alive. */
  start(): void
  stop(): void
}

const STATS_PATH = '/api/admin/monitoring/cache/stats'
/** The limit of an answer in bytes; a gateway's answer has a few kilobytes. */
const MAX_ANSWER_BYTES = 1024 * 1024

interface Poll {
  readonly state: GatewayState
  readonly counters: Counters | undefined
}

/**
 * Polls gateways over HTTP that do not write their statistics to Redis. A gateway that is down, is slow or answers anything
 * else is reported and left out; it never fails a request.
 */
export function createGatewayPoller(options: GatewayPollerOptions): GatewayPoller {
  const { urls, token, onChange, intervalMs = 10_000, timeoutMs = 2_000 } = options
  const polls = new Map<string, Poll>()
  const changes = createChangeFilter()
  const inFlight = new Set<AbortController>()
  let timer: NodeJS.Timeout | undefined
  let isStopped = false

  async function poll(url: string): Promise<void> {
    const now = typeof token === 'string' ? token : await token()
    if (now === undefined || isStopped || options.mayPoll?.(url) === false) return
    const controller = new AbortController()
    inFlight.add(controller)
    const giveUp = setTimeout(() => controller.abort(), timeoutMs)
    const answer = await ask(url, now, controller.signal).catch(problemOf)
    clearTimeout(giveUp)
    inFlight.delete(controller)
    if (isStopped) return
    const problem = typeof answer === 'string' ? answer : null
    const state = { url, isUp: problem === null, problem }
    polls.set(url, { state, counters: typeof answer === 'string' ? undefined : answer })
    if (changes.isNew(url, state.isUp ? 'up' : 'down')) onChange(state)
  }

  const pollAll = () => {
    for (const url of urls) void poll(url)
  }

  return {
    counters: () => [...polls.values()].flatMap(({ counters }) => counters ?? []),
    states: () => [...polls.values()].map(({ state }) => state),
    start() {
      if (timer || isStopped) return
      timer = setInterval(pollAll, intervalMs)
      timer.unref()
      pollAll()
    },
    stop() {
      isStopped = true
      clearInterval(timer)
      for (const controller of inFlight) controller.abort()
    },
  }
}

/** Says in our own words what is wrong with an answer. */
class BadAnswer extends Error {}

async function ask(url: string, token: string, signal: AbortSignal): Promise<Counters> {
  const response = await fetch(`${url.replace(/\/+$/, '')}${STATS_PATH}`, {
    headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
    redirect: 'manual',
    signal,
  })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new BadAnswer(`it answers with status ${response.status}`)
  }
  const json = parseJson(await readText(response))
  if (json === undefined) throw new BadAnswer('its answer is not JSON')
  const counters = parseCountersJson(json)
  if (!counters) throw new BadAnswer('its answer holds no statistics')
  return counters
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > MAX_ANSWER_BYTES) throw new BadAnswer('its answer is larger than 1 MiB')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Describes a failure, without the error's own message, which may contain what was sent or received. */
function problemOf(error: unknown): string {
  if (error instanceof BadAnswer) return error.message
  if (error instanceof Error && error.name === 'AbortError') return 'it does not answer in time'
  const cause = error instanceof Error ? error.cause : undefined
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined
  return code && /^[A-Z_]{1,40}$/.test(code) ? `it cannot be reached (${code})` : 'it cannot be reached'
}
