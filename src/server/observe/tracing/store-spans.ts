import { type Attributes, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api'
import { describeStatement } from '../describe.js'
import type { Tracing } from './tracing.js'

/**
 * Creates a span for each Redis command and SQL statement, after its answer. A span has the command, or the verb and the
 * table, but no key, value, parameter or statement text: these are personal data.
 */
export function storeSpans(tracer: Tracer): Pick<Tracing, 'redisCommandDone' | 'sqlStatementDone'> {
  function done(name: string, attributes: Attributes, durationMs: number, failed: boolean): void {
    // Timers and streams keep the context of the request that started them. After its span has ended they get no span.
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
