/** The published types of compression are Express's own; this service has Node's request and response alone. */
declare module 'compression' {
  import type { IncomingMessage, ServerResponse } from 'node:http'
  import type { BrotliOptions, ZlibOptions } from 'node:zlib'

  type Filter = (request: IncomingMessage, response: ServerResponse) => boolean

  function compression(
    options?: ZlibOptions & {
      /** Shorter answers are sent as they are; in bytes. */
      readonly threshold?: number
      readonly brotli?: BrotliOptions
      readonly filter?: Filter
    },
  ): (request: IncomingMessage, response: ServerResponse, next: () => void) => void

  namespace compression {
    /** Whether an answer's type is one that gets smaller. */
    const filter: Filter
  }

  export = compression
}

/** The published types are of the version before. */
declare module 'negotiator' {
  import type { IncomingMessage } from 'node:http'

  export default class Negotiator {
    constructor(request: Pick<IncomingMessage, 'headers'>)
    /** The encoding that the client likes best of these; of those it likes alike, the first that is preferred. */
    encoding(
      available: readonly string[],
      options: { readonly preferred: readonly string[] },
    ): string | undefined
  }
}
