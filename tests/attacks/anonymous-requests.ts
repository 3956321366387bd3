/**
 * Requests that need no token, in families that each multiply something: errors, comments, lines, conflicts, depths. A
 * search by hill climbing looks for the one that costs most. bench/anonymous.ts runs it for minutes, a test for seconds.
 */
import { getNamedType, isLeafType } from 'graphql'
import { Affinities } from '../../src/client/generated/operations.js'
import { schema } from '../../src/schema/index.js'
import { TRANSPORT_LIMITS } from '../../src/server/http/transport-limits.js'
import { repeat } from './support.js'

/** Three sizes from 0 to 1; each family gives them a meaning of its own. */
export type Sizes = readonly [number, number, number]

export interface AnonymousRequest {
  readonly method?: 'GET' | 'POST'
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

interface Operation {
  readonly query?: unknown
  readonly variables?: unknown
  readonly operationName?: unknown
  readonly extensions?: unknown
  readonly [other: string]: unknown
}

/** @param salt a name that no other request has, so that no cache knows the text */
type Family = (sizes: Sizes, salt: string) => Operation | AnonymousRequest

const upTo = (most: number, size: number): number => Math.max(1, Math.round(most * size))

/** Texts that become longer, or stop a pattern, when they are quoted, matched or searched. */
const FILLINGS = [
  'Did you mean ',
  'x',
  '\u0000',
  '"',
  '\\',
  '\n',
  ' ',
  '{',
  'é',
  '😀',
  '?',
  'Variable "',
  '__',
]
const fill = (length: number, which: number): string => {
  const part = FILLINGS[Math.min(FILLINGS.length - 1, Math.floor(which * FILLINGS.length))] ?? 'x'
  return part.repeat(Math.ceil(length / part.length)).slice(0, length)
}
const BODY = TRANSPORT_LIMITS.bodyBytes - 2_000
const TEXT = 32_000

const FILTERED = 'query($f: AffinityFilter){affinities(filter:$f){totalCount}}'
const filtered = (salt: string) => FILTERED.replace('query', `query ${salt}`)
const manyUnknown = (count: number, text: string) =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`f${n}`, n === 0 ? text : 1]))

const ROOTS = Object.values(schema.getQueryType()?.getFields() ?? {})
  .filter(({ args }) => args.every(({ type }) => !String(type).endsWith('!')))
  .map(({ name, type }) => (isLeafType(getNamedType(type)) ? name : `${name}{__typename}`))

export const FAMILIES: Readonly<Record<string, Family>> = {
  'unknown fields of a variable, one of them long': ([count, length, which], salt) => ({
    query: filtered(salt),
    variables: { f: manyUnknown(upTo(2_000, count), fill(upTo(BODY / 2, length), which)) },
  }),
  'the same of a subscription': ([count, length, which], salt) => ({
    query: `subscription ${salt}($f: AffinityFilter){affinityEvents(filter:$f){type}}`,
    variables: { f: manyUnknown(upTo(2_000, count), fill(upTo(BODY / 2, length), which)) },
  }),
  'wrong items of a list': ([count, length, which], salt) => ({
    query: `query ${salt}($f: [AffinityFilter!]){affinities(filter:$f){totalCount}}`,
    variables: {
      f: Array.from({ length: upTo(20_000, count) }, () =>
        fill(upTo(BODY / upTo(20_000, count), length), which),
      ),
    },
  }),
  'many wrong variables': ([count, length, which], salt) => ({
    query: `query ${salt}(${repeat(upTo(240, count), (n) => `$v${n}:Int!`)}){__typename}`,
    variables: Object.fromEntries(
      Array.from({ length: upTo(240, count) }, (_, n) => [
        `v${n}`,
        fill(upTo(BODY / upTo(240, count) - 12, length), which),
      ]),
    ),
  }),
  'a variable that is deep': ([depth, kind], salt) => {
    const levels = upTo(45_000, depth)
    const [open, close] = kind > 0.5 ? ['[', ']'] : ['{"a":', '}']
    const deep =
      open.repeat(levels / open.length) + (kind > 0.5 ? '' : '1') + close.repeat(levels / open.length)
    return { body: `{"query":"${filtered(salt)}","variables":{"f":${deep}}}` }
  },
  'a body with many keys': ([count, length]) => ({
    body: `{${repeat(upTo(9_000, count), (n) => `"${'k'.repeat(upTo(20, length))}${n}":1`, ',')}}`,
  }),
  'one key that is long': ([length, which]) => ({ [fill(upTo(BODY, length), which)]: 1, query: '{a}' }),
  'a long operation name': ([length, which], salt) => ({
    query: `query ${salt}{__typename}`,
    operationName: fill(upTo(BODY, length), which),
  }),
  comments: ([count, length], salt) => ({
    query: `#${salt}\n${`#${'c'.repeat(upTo(40, length) - 1)}\n`.repeat(upTo(TEXT / (upTo(40, length) + 1), count))}{__typename}`,
  }),
  'lines, then unknown fields': ([lines, fields], salt) => ({
    query: `query ${salt}{${'\n'.repeat(upTo(TEXT - 2_500, lines))}${repeat(upTo(300, fields), (n) => `f${n}`)}}`,
  }),
  'lines, then fields that need a token': ([lines, aliases, fields], salt) => ({
    query: `query ${salt}{${'\n'.repeat(upTo(TEXT - 3_000, lines))}${repeat(upTo(30, aliases), (n) => `a${n}:auditEvent(id:1){id}`)} ${ROOTS.slice(0, upTo(ROOTS.length, fields)).join(' ')}}`,
  }),
  'long aliases of fields that need a token': ([count, length], salt) => ({
    query: `query ${salt}{${repeat(upTo(30, count), (n) => `a${n}${'a'.repeat(upTo(TEXT / upTo(30, count) - 40, length))}:auditEvent(id:1){id}`)}}`,
  }),
  'long names of unknown fields': ([count, length], salt) => ({
    query: `query ${salt}{${repeat(upTo(900, count), (n) => `f${n}${'e'.repeat(upTo(TEXT / upTo(900, count) - 12, length))}`)}}`,
  }),
  'names that nearly exist': ([count, length], salt) => ({
    query: `query ${salt}{${repeat(upTo(900, count), (n) => `affinitie${n}${'s'.repeat(upTo(20, length))}`)}}`,
  }),
  'one field, many times': ([count, nested], salt) => ({
    query: `query ${salt}{${repeat(upTo(950 / (nested > 0.5 ? 4 : 1), count), () => (nested > 0.5 ? 'viewer{name}' : '__typename'))}}`,
  }),
  'one field, many times, in a fragment that nobody spreads': ([count], salt) => ({
    query: `query ${salt}{__typename} fragment F on Query{${repeat(upTo(950, count), () => '__typename')}}`,
  }),
  'fields that conflict': ([count, args], salt) => ({
    query: `query ${salt}{${repeat(upTo(190, count), (n) => `affinities(first:${n}${args > 0.5 ? ` offset:${n}` : ''}){totalCount}`)}}`,
  }),
  'fragments that spread each other': ([count, spreads], salt) => {
    const fragments = upTo(90, count)
    return {
      query: `query ${salt}{${repeat(fragments, (n) => `...F${n}`)}} ${repeat(
        fragments,
        (n) =>
          `fragment F${n} on Query{a:__typename ${repeat(Math.min(upTo(10, spreads), fragments), (m) => `...F${(n + m + 1) % fragments}`)}}`,
      )}`,
    }
  },
  'fragments in a chain': ([count, twice], salt) => ({
    query: `query ${salt}{...F0} ${repeat(upTo(80, count), (n) => `fragment F${n} on Query{__typename ...F${n + 1} ${twice > 0.5 ? `...F${n + 1}` : ''}}`)}`,
  }),
  'inline fragments in each other': ([depth, args], salt) => ({
    query: `query ${salt}{${'...{'.repeat(upTo(320, depth))}${args > 0.5 ? 'viewer{name}' : '__typename'}${'}'.repeat(upTo(320, depth))}}`,
  }),
  'fields in each other': ([depth], salt) => ({
    query: `query ${salt}{${'viewer{'.repeat(upTo(480, depth))}name${'}'.repeat(upTo(480, depth))}}`,
  }),
  'values in each other': ([depth, kind], salt) => ({
    query: `query ${salt}{affinities(filter:${(kind > 0.5 ? '[' : '{a:').repeat(upTo(240, depth))}1${(kind > 0.5 ? ']' : '}').repeat(upTo(240, depth))}){totalCount}}`,
  }),
  'types in each other': ([depth], salt) => ({
    query: `query ${salt}($v:${'['.repeat(upTo(450, depth))}Int${']'.repeat(upTo(450, depth))}){__typename}`,
  }),
  directives: ([count, length], salt) => ({
    query: `query ${salt}{__typename ${repeat(upTo(450, count), (n) => `@d${length > 0.5 ? n : ''}`)}}`,
  }),
  'a long literal': ([kind, length, which], salt) => {
    const size = upTo(TEXT - 100, length)
    const literal =
      kind < 0.25
        ? '1'.repeat(size)
        : kind < 0.5
          ? `1.${'0'.repeat(size)}`
          : kind < 0.75
            ? JSON.stringify(fill(size / 7, which))
            : `"""${fill(size, which).replaceAll('"', '\n ').replaceAll('\u0000', '\n')}"""`
    return { query: `query ${salt}{affinities(first:${literal},search:${literal}){totalCount}}` }
  },
  'many block strings': ([count, lines], salt) => ({
    query: `query ${salt}{${repeat(upTo(150, count), () => `affinities(search:"""${'\n '.repeat(upTo(TEXT / upTo(150, count) / 2 - 20, lines))}""")`)}}`,
  }),
  'a text that is no GraphQL': ([length, which]) => ({ query: fill(upTo(TEXT, length), which) }),
  introspection: ([depth, count], salt) => ({
    query: `query ${salt}{${repeat(upTo(30, count), (n) => `a${n}:__schema{types{name fields{name type{${repeat(upTo(8, depth), () => 'ofType{', '')}name${'}'.repeat(upTo(8, depth))}}}}}`)}}`,
  }),
  'a sign-in': ([length, which], salt) => ({
    query: `mutation ${salt}($e:String!,$p:String!){login(email:$e,password:$p){__typename}}`,
    variables: { e: fill(upTo(BODY / 3, length), which), p: fill(upTo(BODY / 3, length), which) },
  }),
  'a hash of a document': ([length, which]) => ({ documentId: fill(upTo(BODY / 2, length), which) }),
  'a registered document, its variables wrong': ([count, length, which]) => ({
    query: Affinities.text,
    variables: { filter: manyUnknown(upTo(2_000, count), fill(upTo(BODY / 2, length), which)) },
  }),
  'a registered document, written in another way': ([count, length], salt) => ({
    query: `#${salt}${'c'.repeat(upTo(TEXT / 4, length))}\n${Affinities.text}${'\n'.repeat(upTo(1_800, count))}`,
  }),
  'many operations': ([count, length], salt) => ({
    query: repeat(upTo(240, count), (n) => `query ${salt}${'q'.repeat(upTo(80, length))}${n}{__typename}`),
    operationName: `${salt}${'q'.repeat(upTo(80, length))}1`,
  }),
  headers: ([kind, length, which]) => {
    const size = upTo(7_000, length)
    const part = [',', ' ', 'text/html;q=0.0', ', text/html ;', '*/*;', 'a'][Math.floor(which * 5.99)] ?? ','
    const name = ['accept', 'content-type', 'authorization', 'accept-encoding', 'x-request-id'][
      Math.floor(kind * 4.99)
    ]
    return {
      body: '{"query":"{__typename}"}',
      headers: {
        'content-type': 'application/json',
        [name ?? 'accept']: part.repeat(size / part.length).trim() || '*',
      },
    }
  },
  GET: ([count, length], salt) => ({
    method: 'GET',
    path: `/graphql?query=${encodeURIComponent(`query ${salt}{${repeat(upTo(80, count), (n) => `f${n}${'e'.repeat(upTo(60, length))}`)}}`)}`,
  }),
}

/** Makes the request of a family; undefined if it is longer than the service reads. */
export function requestOf(family: string, sizes: Sizes, salt: string): AnonymousRequest | undefined {
  const made = FAMILIES[family]?.(sizes, salt) ?? {}
  const request: AnonymousRequest =
    'body' in made || 'path' in made ? (made as AnonymousRequest) : { body: JSON.stringify(made) }
  return Buffer.byteLength(request.body ?? request.path ?? '') <= TRANSPORT_LIMITS.bodyBytes
    ? request
    : undefined
}

export interface Cost {
  /** Milliseconds of the processor's time. */
  readonly busyMs: number
  readonly bytesIn: number
  readonly bytesOut: number
}

export interface Found extends Cost {
  readonly family: string
  readonly sizes: Sizes
}

/** Milliseconds that need no second look. */
const CHEAP_MS = 5

type Send = (request: AnonymousRequest) => Promise<{ readonly text: string }>

/** Sends a request, and measures the processor's time of this process, which serves it. Other processes do not count. */
export async function costOf(request: AnonymousRequest, send: Send): Promise<Cost> {
  const before = process.cpuUsage()
  const { text } = await send(request)
  const { user, system } = process.cpuUsage(before)
  const bytesIn = Buffer.byteLength(`${request.path ?? ''}${request.body ?? ''}`)
  return { busyMs: (user + system) / 1_000, bytesIn, bytesOut: Buffer.byteLength(text) }
}

/** Bytes of an answer beyond what its request may cause: 10 kB, or ten times its own size. */
export const excessOf = ({ bytesIn, bytesOut }: Cost): number => bytesOut / Math.max(10_000, 10 * bytesIn)

/**
 * Searches for the costliest requests: first each family at its corners, then from the costliest ones on.
 * A cost that is not cheap counts only if the same sizes have it three times, since a first run also compiles functions.
 * @param more returns false when the search is to end
 * @param random returns 0 to 1
 */
export async function searchCostliest(
  send: Send,
  more: () => boolean,
  random: () => number,
): Promise<{ readonly byFamily: ReadonlyMap<string, Found>; readonly tried: number }> {
  const best = new Map<string, Found>()
  const largest = new Map<string, Found>()
  let tried = 0
  const attempt = async (family: string, sizes: Sizes) => {
    tried += 1
    const made = requestOf(family, sizes, `S${tried}`)
    if (!made) return
    let cost = await costOf(made, send)
    for (
      let again = 1;
      again < 3 && cost.busyMs > Math.max(CHEAP_MS, best.get(family)?.busyMs ?? 0);
      again += 1
    ) {
      const other = await costOf(requestOf(family, sizes, `S${tried}R${again}`) ?? made, send)
      if (other.busyMs < cost.busyMs) cost = other
    }
    const found: Found = { ...cost, family, sizes }
    if (found.busyMs > (best.get(family)?.busyMs ?? -1)) best.set(family, found)
    if (excessOf(found) > (largest.get(family) ? excessOf(largest.get(family) as Found) : -1)) {
      largest.set(family, found)
    }
  }
  const families = Object.keys(FAMILIES)
  for (const sizes of [
    [1, 1, 0],
    [1, 0.5, 0.99],
    [0.5, 1, 0.5],
    [0.3, 0.3, 0.15],
  ] as const) {
    for (const family of families) if (tried < families.length || more()) await attempt(family, sizes)
  }
  while (more()) {
    // Half of the attempts go on from the costliest so far, the others from any family.
    const costliest = [...best.values()].sort((a, b) => b.busyMs - a.busyMs).slice(0, 5)
    const from = random() < 0.5 ? costliest : [...best.values(), ...largest.values()]
    const base = from[Math.floor(random() * from.length)]
    if (!base) break
    const step = random() < 0.3 ? 1 : 0.15
    const jump = (size: number) => Math.min(1, Math.max(0, size + (random() - 0.5) * 2 * step))
    const [a, b, c] = base.sizes
    await attempt(base.family, [jump(a), jump(b), jump(c)])
  }
  const byFamily = new Map(
    families.flatMap((family) => {
      const [slow, large] = [best.get(family), largest.get(family)]
      if (!slow || !large) return []
      const { bytesIn, bytesOut } = large
      return [[family, { ...slow, bytesIn, bytesOut }] as const]
    }),
  )
  return { byFamily, tried }
}

/** Mulberry32: random numbers that are the same in each run. */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
