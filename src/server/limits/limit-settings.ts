import { z } from 'zod'

/** What callers may ask for over time. The limits of a single document are in use-limits.ts: they follow from the schema. */
export interface RequestLimits {
  /** Cost that a viewer may ask for in a minute; 0: as much as they like. */
  readonly viewerCostPerMinute: number
  /** The same for an address, of all its requests without a valid token. */
  readonly addressCostPerMinute: number
  /** How long a query may take; 0: as long as it does. */
  readonly operationSeconds: number
}

type Check = <T>(name: string, schema: z.ZodType<T>, fallback: T, expected: string) => T

/** Below it the most expensive operation that is allowed would never be. */
const LEAST_VIEWER_COST = 300_000
/** Ten requests a minute: a person must be able to sign in. */
const LEAST_ADDRESS_COST = 1_000

const integer = z
  .string()
  .regex(/^\d{1,12}$/)
  .transform(Number)
const budget = (least: number) => integer.refine((cost) => cost === 0 || cost >= least)
const seconds = integer.pipe(z.number().max(600))

export const readRequestLimits = (check: Check): RequestLimits => ({
  viewerCostPerMinute: check(
    'RATE_LIMIT_VIEWER',
    budget(LEAST_VIEWER_COST),
    30_000_000,
    `0 or a whole number from ${LEAST_VIEWER_COST}`,
  ),
  addressCostPerMinute: check(
    'RATE_LIMIT_ADDRESS',
    budget(LEAST_ADDRESS_COST),
    60_000,
    `0 or a whole number from ${LEAST_ADDRESS_COST}`,
  ),
  operationSeconds: check('OPERATION_TIMEOUT_SECONDS', seconds, 10, 'a whole number from 0 to 600'),
})

/** Web origins other than our own whose pages may ask: `https://ops.example,https://…`. */
export function readCorsOrigins(
  read: (name: string) => string | undefined,
  problems: string[],
): readonly string[] {
  const origins =
    read('CORS_ORIGINS')
      ?.split(',')
      .map((origin) => origin.trim()) ?? []
  const isOrigin = (text: string) =>
    URL.canParse(text) && /^https?:/.test(text) && new URL(text).origin === text
  if (!origins.every(isOrigin)) {
    problems.push(
      'CORS_ORIGINS must be origins such as https://ops.example, without a path, comma-separated.',
    )
  }
  return origins
}
