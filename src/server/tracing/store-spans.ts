import { type Attributes, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api'
import type { Tracing } from './tracing.js'

const VERB = /^\s*(\w+)/
/** The first table that is named; Prisma quotes every name: `"public"."users"`. */
const TABLE = /\b(?:FROM|INTO|UPDATE)\s+(?:"[^"]*"\.)?"?(\w+)/i

/**
 * Spans of what the stores were asked, made when the answer is there. They tell the command or the verb and its table:
 * keys, values, parameters and the statement's text stay here.
 */
export function storeSpans(tracer: Tracer): Pick<Tracing, 'redisCommandDone' | 'sqlStatementDone'> {
  function done(name: string, attributes: Attributes, durationMs: number, failed: boolean): void {
    // Timers and streams keep the context of the request that began them: once it is answered, they are nobody's.
    if (!trace.getActiveSpan()?.isRecording()) return
    const end = performance.now()
    const span = tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes, startTime: end - durationMs })
    if (failed) span.setStatus({ code: SpanStatusCode.ERROR })
    span.end(end)
  }

  return {
    redisCommandDone(command, durationMs, failed) {
      done(command, { 'db.system.name': 'redis', 'db.operation.name': command }, durationMs, failed)
    },
    sqlStatementDone(sql, durationMs) {
      const { verb, table } = describeStatement(sql)
      const attributes = {
        'db.system.name': 'postgresql',
        'db.operation.name': verb,
        ...(table !== undefined && { 'db.collection.name': table }),
      }
      done(table === undefined ? verb : `${verb} ${table}`, attributes, durationMs, false)
    },
  }
}

/** Verb in capitals and first table of a statement. */
export const describeStatement = (sql: string): { verb: string; table: string | undefined } => ({
  verb: VERB.exec(sql)?.[1]?.toUpperCase() ?? 'SQL',
  table: TABLE.exec(sql)?.[1],
})
