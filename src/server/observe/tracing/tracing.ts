import type { Plugin } from 'graphql-yoga'
import type { Context } from '../../../context.js'

/** Traces of requests. Without tracing, OpenTelemetry's SDK is not loaded: see provider.ts. */
export interface Tracing {
  /** Creates the spans of an HTTP request and its GraphQL operation. */
  readonly plugin: Plugin<Context>
  /** Adds a span to the request that sent the command. A command outside of requests, such as the feed's, gets none. */
  redisCommandDone(command: string, durationMs: number, failed: boolean): void
  /** Adds a span to the request that issued the statement. The text of the statement is not exported. */
  sqlStatementDone(sql: string, durationMs: number): void
  /** Sends the waiting spans, for 2 s at most. Never rejects. */
  close(): Promise<void>
}
