/** Types of `compression`: the published ones need Express, and this service has Node's request and response only. */
declare module 'compression' {
  import type { IncomingMessage, ServerResponse } from 'node:http'
  import type { BrotliOptions, ZlibOptions } from 'node:zlib'

  type Filter = (request: IncomingMessage, response: ServerResponse) => boolean

  function compression(
    options?: ZlibOptions & {
      /** Smallest answer that is compressed, in bytes. */
      readonly threshold?: number
      readonly brotli?: BrotliOptions
      readonly filter?: Filter
    },
  ): (request: IncomingMessage, response: ServerResponse, next: () => void) => void

  namespace compression {
    /** Returns true if the answer's content type is worth compressing. */
    const filter: Filter
  }

  export = compression
}

/** Types of `negotiator`: the published ones describe the previous major version. */
declare module 'negotiator' {
  import type { IncomingMessage } from 'node:http'

  export default class Negotiator {
    constructor(request: Pick<IncomingMessage, 'headers'>)
    /** Returns the encoding with the highest weight; among equal weights, the first one of `preferred`. */
    encoding(
      available: readonly string[],
      options: { readonly preferred: readonly string[] },
    ): string | undefined
    /** Returns the media types of `Accept` by their weights, without those of weight 0. */
    mediaTypes(): readonly string[]
  }
}
