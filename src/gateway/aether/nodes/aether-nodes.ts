import { randomUUID } from 'node:crypto'
import { createCallBudget } from '../../nodes/call-budget.js'
import type {
  ClearStep,
  GatewayNodes,
  Generation,
  MayCall,
  NamedApiKey,
  NodeClear,
  NodeState,
  NodesOutcome,
} from '../../nodes/gateway-nodes.js'
import { callNode, type NodeAnswer, type NodeCall } from '../../nodes/node-call.js'
import type { NodeToken } from '../../nodes/node-token.js'
import {
  createUnlistedRecords,
  sessionIdentity,
  type UnlistedRecordsDeps,
} from '../../nodes/unlisted-records.js'
import { joinPath } from './paths.js'
import { planClear } from './planner.js'

/** A management token of a Python gateway may make 30 calls a minute; some are left to other tools. */
const PYTHON_CALLS_PER_MINUTE = 25
/** Calls to one node at the same time. */
const AT_ONCE = 8
const CALL_TIMEOUT_MS = 10_000
/** Statistics that are read, each on its own connection, to see whether several processes answer. */
const LOOKS = 3

const CACHE = '/api/admin/monitoring/cache'

export interface AetherNodesOptions {
  /** Base URLs, without credentials and without a slash at the end. A path is kept. */
  readonly urls: readonly string[]
  readonly token: NodeToken
  readonly generation: () => Generation
  /** Signs an access token of this administrator for a minute. The oldest generation accepts it. */
  readonly signFor: (userId: string) => Promise<string>
  /** Whether clears are meant to act at once, so that the right for it is looked at. */
  readonly clearsAtOnce: boolean
  /** A sample of the records that were written since then, in Unix seconds. Without it nobody looks for a missing node. */
  readonly written?: UnlistedRecordsDeps['written']
  /** Milliseconds until a suspicion that a node is missing is looked at again. */
  readonly lookAgainMs?: number
  /** Unix milliseconds. */
  readonly now?: () => number
  /** Milliseconds of one call. */
  readonly timeoutMs?: number
  /** Milliseconds between two looks at every node. */
  readonly checkEveryMs?: number
  /** Milliseconds until a node is looked at again that did not answer, or could not be called. */
  readonly awayEveryMs?: number
  /** Called with a node's first state, and whenever what it may do has changed. */
  readonly onChange?: (state: NodeState) => void
}

type Token = { readonly token: string } | { readonly problem: string }

/** `uncalled`: the node was not asked, so that this tells nothing of it. */
type Answer = NodeAnswer | { readonly kind: 'uncalled'; readonly error: string }
type Failure = Exclude<Answer, { readonly kind: 'done' | 'absent' }>

/** The nodes of an Aether, by its admin API. */
export function createAetherNodes(options: AetherNodesOptions): GatewayNodes & {
  /** Counts a call that another part makes, such as a poll of statistics. @returns false if it may not be made now */
  takeCall(url: string): boolean
} {
  const { urls, generation, now = Date.now, timeoutMs = CALL_TIMEOUT_MS } = options
  const budget = createCallBudget(
    () => (generation() === 'PROCESS_MEMORY' ? Number.POSITIVE_INFINITY : PYTHON_CALLS_PER_MINUTE),
    now,
  )
  const states = new Map<string, NodeState>(urls.map((url) => [url, unknownState(url)]))
  /** The nodes that did not answer the latest call, or could not be called. */
  const away = new Set<string>()
  const lookedAt = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  let awayTimer: NodeJS.Timeout | undefined

  async function tokenFor(actorId: string | null): Promise<Token> {
    const token = await options.token.read()
    if (token !== undefined) return { token }
    if (generation() === 'ENDPOINT_KEYS' && actorId !== null) return { token: await options.signFor(actorId) }
    return { problem: 'there is no token for it: set GATEWAY_TOKEN or GATEWAY_TOKEN_FILE' }
  }

  async function call(
    url: string,
    actorId: string | null,
    request: Omit<NodeCall, 'token'>,
  ): Promise<Answer> {
    const token = await tokenFor(actorId)
    if ('problem' in token) return { kind: 'uncalled', error: token.problem }
    if (!budget.take(url)) return { kind: 'uncalled', error: 'it has had its calls of this minute' }
    return callNode(url, { ...request, token: token.token }, { timeoutMs })
  }

  async function clearAt(
    url: string,
    steps: readonly ClearStep[],
    actorId: string | null,
    mayCall: MayCall,
    done: Map<ClearStep, number>,
    absent: Set<ClearStep>,
  ) {
    const left = [...steps]
    let cleared: number | null = null
    let failure: Failure | undefined
    let isCalled = false
    const work = async () => {
      // A node that failed once gets no further call: each may take ten seconds, and nothing is sent again blindly.
      for (let step = left.shift(); step && !failure; step = left.shift()) {
        if (!(await mayCall(step)) || failure) continue
        isCalled = true
        const answer = await call(url, actorId, { method: 'DELETE', path: step.path })
        if (answer.kind !== 'done' && answer.kind !== 'absent') {
          failure ??= answer
          continue
        }
        const count = answer.kind === 'done' ? countIn(answer.json) : givesCount(step) ? 0 : null
        if (answer.kind === 'absent') absent.add(step)
        else done.set(step, Math.max(done.get(step) ?? 0, count ?? 0))
        if (count !== null) cleared = (cleared ?? 0) + count
      }
    }
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, steps.length) }, work))
    if (!isCalled) return undefined
    learn(url, failure)
    const ok = failure === undefined
    return { url, ok, clearedCount: cleared, error: failure?.error ?? null } satisfies NodeClear
  }

  /** A clear tells as much as a look. */
  function learn(url: string, failure: Failure | undefined): void {
    const known = states.get(url) ?? unknownState(url)
    const checkedAt = new Date(now())
    noteAway(url, failure)
    if (!failure) setState({ ...known, reachable: true, canClear: true, error: null, checkedAt })
    else if (failure.kind === 'failed') setState(awayState(url, failure.error, checkedAt))
    else setState({ ...known, error: failure.error })
  }

  /** Who refuses a token is there: it is looked at with all others. */
  function noteAway(url: string, answer: Answer | undefined): void {
    if (answer?.kind === 'failed' || answer?.kind === 'uncalled') away.add(url)
    else away.delete(url)
  }

  function setState(state: NodeState): void {
    const before = states.get(state.url)
    states.set(state.url, state)
    // A node that is away is looked at often, and may have another problem each time.
    const isSame =
      before &&
      MAY.every((field) => before[field] === state[field]) &&
      (state.reachable === false || before.error === state.error)
    if (!isSame) options.onChange?.(state)
  }

  async function look(url: string): Promise<void> {
    lookedAt.add(url)
    await lookNow(url).finally(() => lookedAt.delete(url))
  }

  async function lookNow(url: string): Promise<void> {
    const token = await options.token.read()
    const before = states.get(url) ?? unknownState(url)
    const checkedAt = new Date(now())
    if (token === undefined) {
      // Without a token of its own the service cannot ask; an administrator's clear tells later.
      const error =
        generation() === 'ENDPOINT_KEYS'
          ? null
          : 'there is no token for it: set GATEWAY_TOKEN or GATEWAY_TOKEN_FILE'
      // A clear found it away, and nobody can tell whether it still is.
      const known = before.reachable === false ? unknownState(url) : before
      away.delete(url)
      setState({ ...known, error, checkedAt })
      return
    }
    // Half a look would tell less than the one before.
    if (budget.left(url) < CALLS_OF_A_LOOK) {
      away.add(url)
      return
    }
    const figures: number[][] = []
    let answer: Answer | undefined
    for (let count = 0; count < LOOKS; count += 1) {
      answer = await call(url, null, { method: 'GET', path: `${CACHE}/stats` })
      if (answer.kind !== 'done') break
      figures.push(figuresIn(answer.json))
    }
    noteAway(url, answer)
    if (!answer || answer.kind === 'uncalled') return
    if (answer.kind === 'failed') return setState(awayState(url, answer.error, checkedAt))
    const refusal = answer.kind === 'done' ? undefined : answer.error
    const canRead = refusal === undefined
    // Nothing has these ids: the answer tells whether the call was permitted, and nothing else happens.
    const nothing = joinPath([randomUUID(), randomUUID(), 'none', 'none'], generation()) ?? ''
    const clear = await call(url, null, { method: 'DELETE', path: `${CACHE}/affinity${nothing}` })
    const canClear = isPermitted(clear)
    const atOnce =
      generation() !== 'PROCESS_MEMORY' ? canClear : options.clearsAtOnce ? await mayWriteApiKeys(url) : null
    setState({
      url,
      reachable: true,
      canRead,
      canClear,
      canClearAtOnce: atOnce,
      alternates: canRead ? (alternate(figures) ?? before.alternates) : before.alternates,
      checkedAt,
      error: refusal ?? (canClear === false ? 'its token may not clear' : null),
    })
  }

  async function mayWriteApiKeys(url: string): Promise<boolean | null> {
    const path = apiKeyPath({ id: randomUUID(), userId: randomUUID() }, generation())
    return isPermitted(await call(url, null, { method: 'PUT', path: path ?? '', body: { name: 'none' } }))
  }

  /** Reads all that a node lists, if that is not too much: each call makes it walk all of its keys. */
  async function listOf(url: string): Promise<ReadonlySet<string> | undefined> {
    const listed = new Set<string>()
    for (let page = 0; page < LIST_PAGES; page += 1) {
      const path = `${CACHE}/affinities?limit=${LIST_PAGE}&offset=${page * LIST_PAGE}`
      const answer = await call(url, null, { method: 'GET', path })
      if (answer.kind !== 'done') return undefined
      const data = fieldsOf(answer.json['data'])
      if (!Array.isArray(data['items'])) return undefined
      for (const item of data['items']) listed.add(identityOfItem(item))
      const total = fieldsOf(data['meta'])['total']
      if (
        data['items'].length < LIST_PAGE ||
        (typeof total === 'number' && (page + 1) * LIST_PAGE >= total)
      ) {
        return listed
      }
    }
    return undefined
  }

  const unlisted = options.written && createUnlistedRecords({ written: options.written, list: listOf, now })
  let again: NodeJS.Timeout | undefined

  /** Python gateways list what Redis holds, whoever wrote it: there is nothing to compare. */
  async function lookForMissing(): Promise<void> {
    if (!unlisted) return
    if (generation() !== 'PROCESS_MEMORY') return unlisted.forget()
    await unlisted.look(urls)
    clearTimeout(again)
    if (unlisted.isSuspected && timer) {
      again = setTimeout(() => void lookForMissing(), options.lookAgainMs ?? LOOK_AGAIN_MS).unref()
    }
  }

  const check = async () => {
    await Promise.all(urls.map(look))
    await lookForMissing()
  }

  const lookAtAway = () => {
    for (const url of away) if (!lookedAt.has(url)) void look(url)
  }

  return {
    urls,
    mayCall: async (actorId) => 'token' in (await tokenFor(actorId)),
    plan: (records, asked, facts) =>
      planClear(records, asked, facts, { generation: generation(), nodeCount: urls.length }),
    get callsLeft() {
      return Math.min(...urls.map((url) => budget.left(url)))
    },
    async clear(steps, actorId, mayCall): Promise<NodesOutcome> {
      // Nobody is called, so nobody is said to have done anything.
      if (steps.length === 0) return { nodes: [], done: new Map() }
      const done = new Map<ClearStep, number>()
      const absent = new Set<ClearStep>()
      // Once for all nodes: what the first one has cleared can no longer be asked about.
      const may = memoized(mayCall ?? (async () => true))
      const called = await Promise.all(urls.map((url) => clearAt(url, steps, actorId, may, done, absent)))
      const nodes = called.filter((node) => node !== undefined)
      // What every node lacks is cleared. While a node was missed, it may be the one that has it.
      if (nodes.every(({ ok }) => ok)) {
        for (const step of absent) if (!done.has(step)) done.set(step, 0)
      }
      return { nodes, done }
    },
    async dropRankings(at, apiKey) {
      const path = apiKeyPath(apiKey, generation())
      return Promise.all(
        at.map(async (url) => {
          const answer: Answer =
            path === undefined
              ? { kind: 'uncalled', error: 'no API key can be named to it' }
              : await call(url, null, { method: 'PUT', path, body: { name: apiKey.name } })
          const ok = answer.kind === 'done'
          return { url, ok, clearedCount: null, error: ok ? null : answer.error }
        }),
      )
    },
    states: () => [...states.values()],
    hasUnlistedRecords: () => unlisted?.found ?? null,
    check,
    start() {
      if (timer) return
      timer = setInterval(() => void check(), options.checkEveryMs ?? CHECK_EVERY_MS).unref()
      awayTimer = setInterval(lookAtAway, options.awayEveryMs ?? AWAY_EVERY_MS).unref()
      void check()
    },
    stop() {
      clearInterval(timer)
      clearInterval(awayTimer)
      clearTimeout(again)
      timer = undefined
    },
    takeCall: (url) => budget.take(url),
  }
}

function memoized(mayCall: MayCall): MayCall {
  const answers = new Map<ClearStep, Promise<boolean>>()
  return (step) => {
    const answer = answers.get(step) ?? mayCall(step)
    answers.set(step, answer)
    return answer
  }
}

const CHECK_EVERY_MS = 5 * 60_000
/** A node that is away costs one call each time. */
const AWAY_EVERY_MS = 15_000
const CALLS_OF_A_LOOK = LOOKS + 2
const LOOK_AGAIN_MS = 30_000
/** Records of one page of a node's list, and pages that are read: a longer list tells nothing. */
const LIST_PAGE = 1_000
const LIST_PAGES = 5

function identityOfItem(item: unknown): string {
  const fields = fieldsOf(item)
  const text = (name: string): string | undefined => {
    const value = fields[name]
    return typeof value === 'string' ? value : undefined
  }
  return sessionIdentity(
    text('affinity_key'),
    text('api_format'),
    text('global_model_id'),
    text('client_family'),
    text('session_hash'),
  )
}

const MAY = ['reachable', 'canRead', 'canClear', 'canClearAtOnce', 'alternates'] as const

const unknownState = (url: string): NodeState => ({
  url,
  reachable: null,
  canRead: null,
  canClear: null,
  canClearAtOnce: null,
  alternates: null,
  checkedAt: null,
  error: null,
})

const awayState = (url: string, error: string, checkedAt: Date): NodeState => ({
  ...unknownState(url),
  reachable: false,
  error,
  checkedAt,
})

const apiKeyPath = ({ id, userId }: Omit<NamedApiKey, 'name'>, generation: Generation) => {
  const [user, apiKey] = [joinPath([userId], generation), joinPath([id], generation)]
  return user === undefined || apiKey === undefined ? undefined : `/api/admin/users${user}/api-keys${apiKey}`
}

/** Null where the node did not answer for itself. */
const isPermitted = ({ kind }: Answer): boolean | null =>
  kind === 'failed' || kind === 'uncalled' ? null : kind !== 'refused'

const givesCount = ({ route }: ClearStep): boolean => route === 'all' || route === 'provider'

function countIn(json: Readonly<Record<string, unknown>>): number | null {
  const count = json['deleted_affinities'] ?? json['count']
  return typeof count === 'number' && Number.isInteger(count) && count >= 0 ? count : null
}

/** Counters since the start of the process that answered. */
const COUNTERS = ['cache_hits', 'cache_misses', 'total_candidates', 'total_batches']

function figuresIn(json: Readonly<Record<string, unknown>>): number[] {
  const data = fieldsOf(json['data'])
  return [data['scheduler_metrics'], data['affinity_stats']].flatMap((part) =>
    COUNTERS.map((name) => {
      const figure = fieldsOf(part)[name]
      return typeof figure === 'number' ? figure : 0
    }),
  )
}

const fieldsOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? { ...value } : {}

/** Whether counters run backwards from one answer to the next. Null while every one is 0. */
function alternate(figures: readonly (readonly number[])[]): boolean | null {
  if (figures.every((counts) => counts.every((count) => count === 0))) return null
  return figures.some((counts, place) =>
    counts.some((count, field) => count < (figures[place - 1]?.[field] ?? 0)),
  )
}
