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
  /** Milliseconds between two polls of a gateway that is down or was restarted. Default: as of any other. */
  readonly downIntervalMs?: number
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

/** Number of polls in a row whose counts must not fall before they are believed again. */
const STEADY_POLLS = 12

interface Poll {
  readonly state: GatewayState
  /** The counters that may be shown. */
  readonly counters: Counters | undefined
  /** The counters of the latest answer, shown or not. */
  readonly latest: Counters | undefined
  /** Number of polls in a row without a count that fell; STEADY_POLLS or more is trustworthy. */
  readonly steadyPolls: number
  /** Number of times that a count fell since they were last trustworthy. A restart lets them fall once. */
  readonly falls: number
}

/** A count can only grow in one process. The sum of these grows, too. */
const COUNTS = {
  scheduler: [
    'total_batches',
    'total_candidates',
    'cache_hits',
    'cache_misses',
    'concurrency_denied',
    'reservation_probe_count',
    'reservation_stable_count',
  ],
  affinity: ['cache_hits', 'cache_misses', 'cache_invalidations', 'provider_switches', 'key_switches'],
} as const

/** Checks whether a count fell from one answer to the next: another worker answered, or the gateway was restarted. */
const ranBackwards = (before: Counters, now: Counters): boolean =>
  COUNTS.scheduler.some((name) => (now.scheduler[name] ?? Infinity) < (before.scheduler[name] ?? 0)) ||
  COUNTS.affinity.some((name) => (now.affinity[name] ?? Infinity) < (before.affinity[name] ?? 0))

/**
 * Polls gateways over HTTP for their statistics. A gateway that is down, is slow or answers anything else is reported and left
 * out; it never fails a request. Each worker of a gateway counts for itself from its start, so that counts which run backwards
 * come from several workers, or from a restart; they are left out until twelve polls in a row have not.
 */
export function createGatewayPoller(options: GatewayPollerOptions): GatewayPoller {
  const {
    urls,
    token,
    onChange,
    intervalMs = 10_000,
    downIntervalMs = intervalMs,
    timeoutMs = 2_000,
  } = options
  const polls = new Map<string, Poll>()
  const changes = createChangeFilter()
  const inFlight = new Set<AbortController>()
  const polled = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  let downTimer: NodeJS.Timeout | undefined
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
    const next = nextPoll(url, answer, polls.get(url))
    polls.set(url, next)
    if (changes.isNew(url, kindOf(next.state))) onChange(next.state)
  }

  const pollThese = (these: readonly string[]) => {
    for (const url of these) {
      polled.add(url)
      void poll(url).finally(() => polled.delete(url))
    }
  }
  const pollAll = () => pollThese(urls)
  const pollDown = () => pollThese(urls.filter((url) => !polled.has(url) && isSoonBack(polls.get(url))))

  return {
    counters: () => [...polls.values()].flatMap(({ counters }) => counters ?? []),
    states: () => [...polls.values()].map(({ state }) => state),
    start() {
      if (timer || isStopped) return
      timer = setInterval(pollAll, intervalMs)
      timer.unref()
      if (downIntervalMs < intervalMs) downTimer = setInterval(pollDown, downIntervalMs).unref()
      pollAll()
    },
    stop() {
      isStopped = true
      clearInterval(timer)
      clearInterval(downTimer)
      for (const controller of inFlight) controller.abort()
    },
  }
}

/** @param answer the counters, or what is wrong */
function nextPoll(url: string, answer: Counters | string, before: Poll | undefined): Poll {
  if (typeof answer === 'string') {
    const state = { url, isUp: false, problem: answer }
    // Counts that are lower after an outage are those of a restart, and not of another worker.
    const { steadyPolls = STEADY_POLLS, falls = 0 } = before ?? {}
    return { state, counters: undefined, latest: undefined, steadyPolls, falls }
  }
  const fell = before?.latest !== undefined && ranBackwards(before.latest, answer)
  const steadyPolls = fell ? 0 : (before?.steadyPolls ?? STEADY_POLLS) + 1
  const isSteady = steadyPolls >= STEADY_POLLS
  const problem = isSteady ? null : CONTRADICTS_ITSELF
  return {
    state: { url, isUp: isSteady, problem },
    counters: isSteady ? answer : undefined,
    latest: answer,
    steadyPolls,
    falls: isSteady ? 0 : (before?.falls ?? 0) + Number(fell),
  }
}

/** Whether more polls tell soon that all is well again. Several workers behind one address go on to contradict each other. */
const isSoonBack = (poll: Poll | undefined): boolean => poll?.state.isUp === false && poll.falls < 2

const CONTRADICTS_ITSELF =
  'its counts run backwards: several workers answer behind this address, or it was restarted'

/** A state is reported when its kind changes, and not with each new problem of a gateway that is down. */
const kindOf = ({ isUp, problem }: GatewayState): string =>
  isUp ? 'up' : problem === CONTRADICTS_ITSELF ? 'contradicts itself' : 'down'

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
