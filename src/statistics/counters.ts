/** The counters of gateways, parsed from Redis hashes or from a gateway's JSON. */
import { z } from 'zod'

/** A whole number from 0. */
const whole = {
  text: z
    .string()
    .regex(/^\d{1,19}$/)
    .transform(Number),
  json: z.number().int().nonnegative(),
}

/** A number from 0 to 1. */
const ratio = {
  text: z
    .string()
    .regex(/^\d+(\.\d+)?(e-\d+)?$/i)
    .transform(Number)
    .pipe(z.number().max(1)),
  json: z.number().min(0).max(1),
}

const name = z.string().min(1).max(255)

/** Unix seconds up to the year 9999, the last one of a DateTime. */
const unixSeconds = z.number().positive().max(253_402_300_799)
const ISO_TIME = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?$/i
const isoTime = z
  .string()
  .regex(ISO_TIME)
  // Python writes UTC times without a zone.
  .transform((text) => Date.parse(/(Z|[+-]\d\d:?\d\d)$/i.test(text) ? text : `${text}Z`) / 1_000)
  .pipe(unixSeconds)
const decimal = z
  .string()
  .regex(/^\d+(\.\d+)?$/)
  .transform(Number)
  .pipe(unixSeconds)

const time = { text: z.union([decimal, isoTime]), json: z.union([unixSeconds, isoTime]) }
const text = { text: name, json: name }

/** The fields of `cache_stats:scheduler` in Redis and `scheduler_metrics` over HTTP: sums, then facts of the last batch. */
const SCHEDULER_FIELDS = {
  total_batches: whole,
  total_candidates: whole,
  cache_hits: whole,
  cache_misses: whole,
  concurrency_denied: whole,
  reservation_probe_count: whole,
  reservation_stable_count: whole,
  avg_reservation_ratio: ratio,
  last_batch_size: whole,
  last_candidate_count: whole,
  last_api_format: text,
  last_model_name: text,
  last_updated_at: time,
} as const

/** The fields of `cache_stats:affinity` in Redis and `affinity_stats` over HTTP, without the number of live records. */
const AFFINITY_FIELDS = {
  cache_hits: whole,
  cache_misses: whole,
  cache_invalidations: whole,
  provider_switches: whole,
  key_switches: whole,
} as const

type Fields = Readonly<Record<string, { readonly text: z.ZodType; readonly json: z.ZodType }>>
type Figures<F extends Fields> = { readonly [Name in keyof F]?: z.output<F[Name]['json']> }

export type SchedulerCounters = Figures<typeof SCHEDULER_FIELDS>
export type AffinityCounters = Figures<typeof AFFINITY_FIELDS>

/** The counters of one source. A counter that is missing or cannot be read is absent. */
export interface Counters {
  readonly scheduler: SchedulerCounters
  readonly affinity: AffinityCounters
}

export const SCHEDULER_FIELD_NAMES = Object.keys(SCHEDULER_FIELDS)
export const AFFINITY_FIELD_NAMES = Object.keys(AFFINITY_FIELDS)

/** Parses each field by itself, so that one that cannot be read does not hide the others. */
function parse<F extends Fields>(
  fields: F,
  form: 'text' | 'json',
  read: (field: string) => unknown,
  onJunk: (field: string) => void,
): Figures<F> {
  const figures: Record<string, unknown> = {}
  for (const [field, kind] of Object.entries(fields)) {
    const value = read(field)
    if (value === undefined || value === null) continue
    const parsed = kind[form].safeParse(value)
    if (parsed.success) figures[field] = parsed.data
    else onJunk(field)
  }
  return figures as Figures<F>
}

type ReadText = (field: string) => string | null | undefined

/** Parses a Redis hash, whose values are texts. */
export const parseSchedulerHash = (read: ReadText, onJunk: (field: string) => void): SchedulerCounters =>
  parse(SCHEDULER_FIELDS, 'text', read, onJunk)

export const parseAffinityHash = (read: ReadText, onJunk: (field: string) => void): AffinityCounters =>
  parse(AFFINITY_FIELDS, 'text', read, onJunk)

type JsonObject = Readonly<Record<string, unknown>>

/** Parses a gateway's JSON, where a string of digits is no number. Undefined if neither object is there. */
export function parseCountersJson(body: unknown): Counters | undefined {
  const root = objectOf(body)
  const holder = [objectOf(root?.['data']), root].find(
    (place) => objectOf(place?.['scheduler_metrics']) ?? objectOf(place?.['affinity_stats']),
  )
  if (!holder) return undefined
  const read = (object: JsonObject | undefined) => (field: string) =>
    object && Object.hasOwn(object, field) ? object[field] : undefined
  const ignore = () => {}
  return {
    scheduler: parse(SCHEDULER_FIELDS, 'json', read(objectOf(holder['scheduler_metrics'])), ignore),
    affinity: parse(AFFINITY_FIELDS, 'json', read(objectOf(holder['affinity_stats'])), ignore),
  }
}

const objectOf = (value: unknown): JsonObject | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined
