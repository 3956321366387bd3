const VERB = /^\s*(\w+)/
/** Prisma quotes every name: `"public"."users"`. */
const TABLE = /\b(?:FROM|INTO|UPDATE)\s+(?:"[^"]*"\.)?"?(\w+)/i

/** Describes an SQL statement for metrics and traces: its verb in capitals, and the first table that it names. */
export const describeStatement = (sql: string): { verb: string; table: string | undefined } => ({
  verb: VERB.exec(sql)?.[1]?.toUpperCase() ?? 'SQL',
  table: TABLE.exec(sql)?.[1],
})
