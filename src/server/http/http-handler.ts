import type { RequestListener } from 'node:http'
import { cameOverTls, TRUST_NOBODY, type TrustProxy } from './client-address.js'
import { compressAnswers } from './compress-answers.js'
import { serveConsole } from './serve-console.js'

export interface HttpHandlerOptions {
  /** Folder of the built console. If it does not exist, no console is served. */
  readonly consoleDirectory: string
  readonly trustProxy?: TrustProxy | undefined
}

/**
 * Serves the console's files, which the build has compressed, and passes all other requests to Yoga, whose answers are
 * compressed here.
 */
export function createHttpHandler(
  yoga: RequestListener,
  { consoleDirectory, trustProxy = TRUST_NOBODY }: HttpHandlerOptions,
): RequestListener {
  const console = serveConsole({
    directory: consoleDirectory,
    overTls: (request) => cameOverTls(request, trustProxy),
  })
  const compress = compressAnswers()
  return (request, response) =>
    console(request, response, () => compress(request, response, () => yoga(request, response)))
}
