import type { AffinityRecord } from '../../../affinities/affinity-record.js'
import type {
  AskedFor,
  ClearPlan,
  ClearReach,
  ClearStep,
  Generation,
  PlanFacts,
} from '../../nodes/gateway-nodes.js'
import { leastCover, type Pair } from './least-cover.js'
import { joinPath } from './paths.js'

const CACHE = '/api/admin/monitoring/cache'

export interface PlanOptions {
  readonly generation: Generation
  readonly nodeCount: number
}

/**
 * Finds the cheapest set of routes that clears exactly what is meant. Every path is made of parts of records and ids of rows:
 * nothing that a caller wrote is part of one.
 */
export async function planClear(
  records: readonly AffinityRecord[],
  asked: AskedFor | undefined,
  facts: PlanFacts,
  options: PlanOptions,
): Promise<ClearPlan> {
  if (asked?.kind === 'all') return { steps: [{ route: 'all', path: CACHE, records }], notClearable: [] }
  if (asked?.kind === 'each') return planEach(records, await namesOfSeveral(records, facts, options), options)
  const { steps, rest } = askedSteps(records, asked, options)
  if (rest.length === 0) return { steps, notClearable: [] }
  const chosen = await planRecords(rest, facts, options)
  return { steps: [...steps, ...chosen.steps], notClearable: chosen.notClearable }
}

/** The routes of what was asked for: they reach pins of other nodes as well, of which Redis has no record. */
function askedSteps(
  records: readonly AffinityRecord[],
  asked: AskedFor | undefined,
  { generation }: PlanOptions,
): { readonly steps: readonly ClearStep[]; readonly rest: readonly AffinityRecord[] } {
  // A gateway that routes by Redis has no pin that Redis does not show.
  const isGroup = asked?.kind === 'provider' || asked?.kind === 'apiKeys'
  if (!isGroup || generation !== 'PROCESS_MEMORY') {
    return { steps: [], rest: records }
  }
  const steps: ClearStep[] = []
  const covered = new Set<AffinityRecord>()
  const add = (route: 'provider' | 'apiKey', id: string, isOf: (record: AffinityRecord) => boolean) => {
    const path = groupPath(route, id, generation)
    if (path === undefined) return
    const ofIt = records.filter(isOf)
    for (const record of ofIt) covered.add(record)
    steps.push({ route, path, records: ofIt })
  }
  if (asked.kind === 'provider') {
    add('provider', asked.providerId, ({ providerId }) => providerId === asked.providerId)
  } else {
    for (const id of asked.ids) add('apiKey', id, ({ affinityKey }) => affinityKey === id)
  }
  return { steps, rest: records.filter((record) => !covered.has(record)) }
}

const groupPath = (route: 'provider' | 'apiKey', id: string, generation: Generation) => {
  const path = joinPath([id], generation)
  return path === undefined ? undefined : `${CACHE}/${route === 'provider' ? 'providers' : 'users'}${path}`
}

async function planRecords(
  records: readonly AffinityRecord[],
  facts: PlanFacts,
  options: PlanOptions,
): Promise<ClearPlan> {
  const { generation, nodeCount } = options
  const relatives = await facts.relatives(records)
  const isChosen = new Set(records.map(({ key }) => key))
  const left = relatives.filter(({ key }) => !isChosen.has(key))
  const apiKeys = new Set(records.map(({ affinityKey }) => affinityKey))
  const apiKeysThere = await facts.apiKeysThere([...apiKeys])
  const spared = {
    provider: new Set(left.map(({ providerId }) => providerId)),
    apiKey: new Set(left.map(({ affinityKey }) => affinityKey)),
    one: new Set(left.map(nameOf)),
  }
  // Another node may hold pins of this provider or API key that the mirror does not show: its route would clear more than
  // was chosen.
  const byGroup = generation !== 'PROCESS_MEMORY' || nodeCount === 1
  const provider = cached(
    (id) => byGroup && !spared.provider.has(id) && groupPath('provider', id, generation) !== undefined,
  )
  // A name that is no API key's id could be a user's: the route would take it for that.
  const apiKey = cached(
    (id) =>
      byGroup &&
      apiKeysThere.has(id) &&
      !spared.apiKey.has(id) &&
      groupPath('apiKey', id, generation) !== undefined,
  )
  const cover = leastCover(pairsOf(records), { left: provider, right: apiKey })

  const groups = new Map<string, { route: 'provider' | 'apiKey'; id: string; records: AffinityRecord[] }>()
  const singles: AffinityRecord[] = []
  for (const record of records) {
    const route = cover.left.has(record.providerId)
      ? 'provider'
      : cover.right.has(record.affinityKey)
        ? 'apiKey'
        : undefined
    if (route === undefined) {
      singles.push(record)
      continue
    }
    const id = route === 'provider' ? record.providerId : record.affinityKey
    const group = groups.get(`${route} ${id}`)
    if (group) group.records.push(record)
    else groups.set(`${route} ${id}`, { route, id, records: [record] })
  }

  const steps: ClearStep[] = []
  for (const { route, id, records: ofIt } of groups.values()) {
    const [only] = ofIt
    // One record alone goes by its own route: that clears nothing else, whatever was pinned meanwhile.
    const path = groupPath(route, id, generation)
    if (ofIt.length === 1 && only && singlePath(only, spared.one, options) !== undefined) singles.push(only)
    else if (path !== undefined) {
      const dimension = route === 'provider' ? 'providerId' : 'affinityKey'
      steps.push({ route, path, records: ofIt, reach: { dimension, value: id, isOf: () => true } })
    }
  }
  const each = planEach(singles, spared.one, options, records)
  return { steps: [...steps, ...each.steps], notClearable: each.notClearable }
}

/** The names that several live records share: of these, the route without a session clears more than one record. */
async function namesOfSeveral(
  records: readonly AffinityRecord[],
  facts: PlanFacts,
  { generation }: PlanOptions,
): Promise<ReadonlySet<string>> {
  if (generation !== 'PROCESS_MEMORY') return new Set()
  const live = new Map([...(await facts.relatives(records)), ...records].map((one) => [one.key, one]))
  const seen = new Set<string>()
  const several = new Set<string>()
  for (const name of [...live.values()].map(nameOf)) (seen.has(name) ? several : seen).add(name)
  return several
}

/**
 * One call for each record.
 * @param chosen all that is to be cleared, by these calls or by others
 */
function planEach(
  records: readonly AffinityRecord[],
  spared: ReadonlySet<string>,
  options: PlanOptions,
  chosen: readonly AffinityRecord[] = records,
): ClearPlan {
  const notClearable: AffinityRecord[] = []
  const byPath = new Map<string, AffinityRecord[]>()
  for (const record of records) {
    const path = singlePath(record, spared, options)
    if (path === undefined) {
      notClearable.push(record)
      continue
    }
    const same = byPath.get(path)
    if (same) same.push(record)
    else byPath.set(path, [record])
  }
  const others = othersOfName(records, chosen)
  const steps = [...byPath].map(([path, ofIt]): ClearStep => {
    const also = ofIt.flatMap((one) => others(one))
    const reach = reachOf(ofIt[0], options)
    return {
      route: 'single',
      path,
      records: ofIt,
      ...(also.length > 0 && { others: also }),
      ...(reach && { reach }),
    }
  })
  return { steps, notClearable }
}

/** A pin without a session is cleared with those of every session of its name. */
function reachOf(record: AffinityRecord | undefined, { generation }: PlanOptions): ClearReach | undefined {
  if (!record || generation !== 'PROCESS_MEMORY' || hasSession(record)) return undefined
  const name = nameOf(record)
  return { dimension: 'affinityKey', value: record.affinityKey, isOf: (one) => nameOf(one) === name }
}

/** Finds the chosen pins of sessions that the route of a pin without one clears as well. */
function othersOfName(
  records: readonly AffinityRecord[],
  chosen: readonly AffinityRecord[],
): (record: AffinityRecord) => readonly AffinityRecord[] {
  const sessions = chosen.filter(hasSession)
  const plain = sessions.length === 0 ? [] : records.filter((record) => !hasSession(record))
  const ofSessions = new Map(plain.map((record): [string, AffinityRecord[]] => [nameOf(record), []]))
  for (const record of plain.length === 0 ? [] : sessions) ofSessions.get(nameOf(record))?.push(record)
  return (record) => (hasSession(record) ? [] : (ofSessions.get(nameOf(record)) ?? []))
}

const hasSession = ({ extra = {} }: AffinityRecord): boolean =>
  extra['clientFamily'] !== undefined || extra['sessionHash'] !== undefined

/** What the route of one pin names, apart from the session. */
const nameOf = ({ affinityKey, endpointId, modelId, apiFormat }: AffinityRecord): string =>
  JSON.stringify([affinityKey, endpointId, modelId, apiFormat.toLowerCase()])

const SESSION_HASH = /^[0-9a-f]{64}$/
const CLIENT_FAMILY = /^[\w.-]+$/

/** The path of one pin; undefined if none means this pin alone. */
function singlePath(
  record: AffinityRecord,
  spared: ReadonlySet<string>,
  { generation }: PlanOptions,
): string | undefined {
  const { affinityKey, endpointId, modelId, apiFormat, extra = {} } = record
  const path = joinPath([affinityKey, endpointId, modelId, apiFormat], generation)
  if (path === undefined) return undefined
  const one = `${CACHE}/affinity${path}`
  if (generation !== 'PROCESS_MEMORY') return one
  const { clientFamily, sessionHash } = extra
  if (!hasSession(record)) {
    // Without a session the route clears those of every session, so these must be meant as well.
    return spared.has(nameOf(record)) ? undefined : one
  }
  if (!CLIENT_FAMILY.test(clientFamily ?? '') || !SESSION_HASH.test(sessionHash ?? '')) return undefined
  return `${one}?client_family=${clientFamily}&session_hash=${sessionHash}`
}

const pairsOf = (records: readonly AffinityRecord[]): Pair[] => {
  const pairs = new Map<string, Set<string>>()
  for (const { providerId, affinityKey } of records) {
    const ofProvider = pairs.get(providerId) ?? new Set<string>()
    pairs.set(providerId, ofProvider.add(affinityKey))
  }
  return [...pairs].flatMap(([left, rights]) => [...rights].map((right) => ({ left, right })))
}

function cached(decide: (id: string) => boolean): (id: string) => boolean {
  const known = new Map<string, boolean>()
  return (id) => {
    const decided = known.get(id) ?? decide(id)
    known.set(id, decided)
    return decided
  }
}
