import { type Attributes, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api'
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources'
import { BatchSpanProcessor, NodeTracerProvider, type SpanExporter } from '@opentelemetry/sdk-trace-node'
import type { Logger } from 'pino'
import { createChangeFilter } from '../../../log/change-filter.js'
import { withinGrace } from '../../../util/promises.js'
import { describeStatement } from '../describe.js'
import type { Tracing } from './tracing.js'
import { useTracing } from './use-tracing.js'

/**
 * Loads OpenTelemetry's SDK. The SDK reads its OTEL_ variables (endpoint, headers, sampler, limits, batches, resource) from
 * the process's environment by itself. Only main.ts may read the environment, so only main.ts imports this file, and only if
 * tracing is switched on.
 */

/** Longest wait for the collector when the process ends, in milliseconds. */
const CLOSE_GRACE_MS = 2_000

export interface TracingOptions {
  /** How spans are encoded for the collector. */
  readonly protocol: 'http/protobuf' | 'http/json'
}

export async function startTracing({ protocol }: TracingOptions, logger: Logger): Promise<Tracing> {
  const { OTLPTraceExporter } = await (protocol === 'http/json'
    ? import('@opentelemetry/exporter-trace-otlp-http')
    : import('@opentelemetry/exporter-trace-otlp-proto'))
  const resource = defaultResource()
    .merge(resourceFromAttributes({ 'service.name': 'affinityql' }))
    .merge(detectResources({ detectors: [envDetector] }))
  const exporter = reporting(new OTLPTraceExporter(), logger)
  const provider = new NodeTracerProvider({ resource, spanProcessors: [new BatchSpanProcessor(exporter)] })
  // The propagation of contexts and of `traceparent` uses OpenTelemetry's globals, which this call sets.
  provider.register()
  const tracer = provider.getTracer('affinityql')
  return {
    plugin: useTracing(tracer),
    ...storeSpans(tracer),
    // The exporter has already logged the failure.
    close: () =>
      withinGrace(
        provider.shutdown().catch(() => {}),
        CLOSE_GRACE_MS,
      ),
  }
}

/** Logs when an exporter begins to fail and when it works again, not every failed batch. */
function reporting(exporter: SpanExporter, logger: Logger): SpanExporter {
  const changes = createChangeFilter()
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        const { error } = result
        if (error) {
          if (changes.isNew('collector', 'failing'))
            logger.warn({ reason: error.message }, 'traces cannot be sent')
        } else if (changes.ended('collector') !== undefined) logger.info({}, 'traces are sent again')
        done(result)
      })
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  }
}

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
