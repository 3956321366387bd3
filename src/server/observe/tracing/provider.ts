/**
 * The one file that loads OpenTelemetry's SDK. The SDK reads its OTEL_ variables (endpoint, headers, sampler, limits,
 * batches, resource) from the process's environment by itself, which nothing else here does but main.ts: therefore it
 * is imported by main.ts alone, and only where tracing is switched on.
 */

import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources'
import { BatchSpanProcessor, NodeTracerProvider, type SpanExporter } from '@opentelemetry/sdk-trace-node'
import type { Logger } from 'pino'
import { createChangeFilter } from '../../../log/change-filter.js'
import { withinGrace } from '../../../util/within-grace.js'
import { storeSpans } from './store-spans.js'
import type { Tracing } from './tracing.js'
import { useTracing } from './use-tracing.js'

/** A collector that does not answer must not hold up the end of the process. */
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
  // Contexts and the callers' `traceparent` go through OpenTelemetry's globals.
  provider.register()
  const tracer = provider.getTracer('affinityql')
  return {
    plugin: useTracing(tracer),
    ...storeSpans(tracer),
    // Spans that could not be sent have been reported already.
    close: () =>
      withinGrace(
        provider.shutdown().catch(() => {}),
        CLOSE_GRACE_MS,
      ),
  }
}

/** Says when spans begin to be lost and when they no longer are, not each time. */
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
