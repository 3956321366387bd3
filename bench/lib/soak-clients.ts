import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import autocannon from 'autocannon'
import type { SoakService } from './soak-service.js'

/** Count of wrong answers, with the first three as examples. */
export class Faults {
  count = 0
  readonly examples: string[] = []
  note(what: string): void {
    this.count += 1
    if (this.examples.length < 3) this.examples.push(what.slice(0, 300))
  }
}

const ROWS = `totalCount nodes { id requestCount expiresAt staleReasons apiKey { name maskedKey } user { username email }
  provider { displayName } endpoint { baseUrl } providerKey { name maskedKey } model { name } }`

const queries = (userNames: readonly string[]): readonly (() => string)[] => {
  let turn = 0
  const userName = () => {
    turn += 1
    return userNames[turn % userNames.length] ?? ''
  }
  return [
    () => `{ affinities(first: 100) { ${ROWS} } }`,
    () => `{ affinities(first: 100, search: "${userName()}") { ${ROWS} } }`,
    () =>
      '{ cacheStats { totalAffinities cacheHits schedulingMode } modelMappingStats { available totalKeys } }',
    () => `{ affinities(first: 50, search: "${userName().slice(0, -1)}") { ${ROWS} } }`,
    () => `{ affinities(first: 100, offset: 1000, orderBy: { field: REQUEST_COUNT }) { ${ROWS} } }`,
    () => `{ userAffinities(identifier: "${userName()}") { kind: __typename
      ... on UserAffinities { affinities { nodes { id model { name } } } } } }`,
    () => `{ affinities(first: 100, filter: { stale: true }) { ${ROWS} } }`,
    () => '{ auditEvents(first: 20) { totalCount nodes { action success } } }',
  ]
}

export interface QueryFigures {
  readonly count: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** Sends queries of every kind in turns, at a constant rate. */
export async function askQueries(
  { url, tokens }: SoakService,
  options: { readonly userNames: readonly string[]; readonly perSecond: number; readonly seconds: number },
  faults: Faults,
): Promise<QueryFigures> {
  const result = await autocannon({
    url: `${url}/graphql`,
    connections: 10,
    overallRate: options.perSecond,
    duration: options.seconds,
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${tokens[0]}` },
    requests: queries(options.userNames).map((query) => ({
      setupRequest: (asked) => ({ ...asked, body: JSON.stringify({ query: query() }) }),
      onResponse: (status, body) => {
        if (status !== 200 || /"errors":|"kind":"\w+Error"/.test(body)) faults.note(`${status} ${body}`)
      },
    })),
  })
  for (let n = 0; n < result.errors; n++) faults.note('a query without an answer')
  return { count: result['2xx'], p50Ms: result.latency.p50, p99Ms: result.latency.p99 }
}

const clears = (userName: string, providerId: string): readonly string[] => [
  `clearUserCache(identifier: "${userName}")`,
  `clearProviderCache(providerId: "${providerId}", dryRun: true)`,
  'clearModelMappingCacheByName(modelName: "gpt-5")',
]

/** Sends a small clear each second until the signal aborts. Returns the number of clears. */
export async function clearNowAndThen(
  service: SoakService,
  {
    userNames,
    providerIds,
  }: { readonly userNames: readonly string[]; readonly providerIds: readonly string[] },
  faults: Faults,
  signal: AbortSignal,
): Promise<number> {
  let done = 0
  for (; !signal.aborted; done += 1) {
    const [user = '', provider = ''] = [
      userNames[done % userNames.length],
      providerIds[done % providerIds.length],
    ]
    const clear = clears(user, provider)[done % 3] ?? ''
    const answer = await service.ask(`mutation { ${clear} { kind: __typename } }`)
    const text = JSON.stringify(answer)
    if (answer.errors || !/"kind":"\w+Payload"/.test(text)) faults.note(`${clear}: ${text}`)
    await sleep(1_000, undefined, { signal }).catch(() => {})
  }
  return done
}

export interface Subscribers {
  /** Number of streams. */
  readonly count: number
  readonly events: number
  /** Number of streams that ended or were refused. */
  readonly dropped: number
  /** Number of streams without any event. */
  readonly silent: number
  stop(): void
}

/** Opens event streams, each for a user's affinities; every tenth streams the statistics. */
export function subscribeAll(
  service: SoakService,
  options: { readonly count: number; readonly userIds: readonly string[] },
  faults: Faults,
): Subscribers {
  const streams = Array.from({ length: options.count }, (_, n) => {
    const userId = options.userIds[n % options.userIds.length]
    const query =
      n % 10 === 0
        ? 'subscription { cacheStats(intervalSeconds: 5) { totalAffinities } }'
        : `subscription { affinityEvents(filter: { userId: "${userId}" }) { type affinity { id expiresAt } } }`
    return openStream(service, service.tokens[n % service.tokens.length] ?? '', query, faults)
  })
  const total = (count: (stream: Stream) => number) => streams.reduce((sum, stream) => sum + count(stream), 0)
  return {
    count: streams.length,
    get events() {
      return total(({ events }) => events)
    },
    get dropped() {
      return total(({ hasEnded }) => Number(hasEnded))
    },
    get silent() {
      return total(({ events }) => Number(events === 0))
    },
    stop() {
      for (const stream of streams) stream.stop()
    },
  }
}

interface Stream {
  events: number
  hasEnded: boolean
  stop(): void
}

function openStream(service: SoakService, token: string, query: string, faults: Faults): Stream {
  const headers = { 'content-type': 'application/json', accept: 'text/event-stream' }
  const asked = request(`${service.url}/graphql`, {
    method: 'POST',
    agent: false,
    headers: { ...headers, authorization: `Bearer ${token}` },
  })
  const stream: Stream = { events: 0, hasEnded: false, stop: () => asked.destroy() }
  const end = () => {
    stream.hasEnded = true
  }
  asked.on('error', end).on('close', end)
  asked.on('response', (response) => {
    let line = ''
    response.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (line + chunk).split('\n')
      line = lines.pop() ?? ''
      for (const each of lines) {
        if (each === 'event: next') stream.events += 1
        if (each.includes('"errors":')) faults.note(`subscription: ${each}`)
      }
    })
  })
  asked.end(JSON.stringify({ query }))
  return stream
}
