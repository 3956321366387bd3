import { readFile } from 'node:fs/promises'

/** The token for the gateway's nodes, as it is configured now. */
export interface NodeToken {
  /** Undefined if none is configured, or if its file cannot be read or holds no token. */
  read(): Promise<string | undefined>
}

export interface NodeTokenOptions {
  readonly token?: string | undefined
  /** A file with the token, which may be replaced while the service runs. */
  readonly file?: string | undefined
  /** Unix milliseconds. */
  readonly now?: () => number
}

/** One word of ASCII characters. */
const TOKEN = /^[\x21-\x7e]+$/
/** Milliseconds for which the file is not read again: a clear of many records makes many calls. */
const FRESH_MS = 1_000

export function createNodeToken({ token, file, now = Date.now }: NodeTokenOptions): NodeToken {
  let readAt = Number.NEGATIVE_INFINITY
  let kept: Promise<string | undefined> = Promise.resolve(undefined)
  if (file === undefined) return { read: async () => token }
  return {
    read() {
      if (now() - readAt >= FRESH_MS) {
        readAt = now()
        kept = readFile(file, 'utf8').then(
          (text) => (TOKEN.test(text.trim()) ? text.trim() : undefined),
          () => undefined,
        )
      }
      return kept
    },
  }
}
