import type { Plugin } from 'graphql-yoga'
import type { Context } from '../../../context.js'

/** Traces of requests. Nothing of OpenTelemetry is loaded where there are none: see provider.ts. */
export interface Tracing {
  /** Spans of the HTTP request and of its GraphQL operation. */
  readonly plugin: Plugin<Context>
  /** A span of the request that sent it; a command of no request, such as the live index's, has none. */
  redisCommandDone(command: string, durationMs: number, failed: boolean): void
  /** The same of a statement. Parameters are never given, and the text is not passed on. */
  sqlStatementDone(sql: string, durationMs: number): void
  /** Sends what is waiting, for 2 s at most. Never rejects. */
  close(): Promise<void>
}
