import type { Generation } from '../../nodes/gateway-nodes.js'

/** The Rust gateway decodes nothing, so that a part is sent as it is; other characters it never matches, or a proxy changes. */
const SENT_RAW = /^[A-Za-z0-9\-._~:@!$&'()*+,;=]+$/
/** Decodings after which a part is looked at: proxies decode once, and a second one behind them again. */
const DECODINGS = 4

/**
 * Encodes one part of a path for a gateway.
 * @returns undefined if the gateway can never be told this part, or if any server on the way may take it for a dot segment
 */
export function pathPart(text: string, generation: Generation): string | undefined {
  if (text === '' || isDotSegment(text)) return undefined
  if (generation === 'PROCESS_MEMORY') return SENT_RAW.test(text) ? text : undefined
  if (text.includes('/')) return undefined
  try {
    return encodeURIComponent(text)
  } catch {
    // A lone surrogate is no character.
    return undefined
  }
}

/** Joins the parts of a path; undefined if one of them cannot be sent. */
export function joinPath(parts: readonly string[], generation: Generation): string | undefined {
  const encoded: string[] = []
  for (const part of parts) {
    const sent = pathPart(part, generation)
    if (sent === undefined) return undefined
    encoded.push(sent)
  }
  return encoded.map((part) => `/${part}`).join('')
}

function isDotSegment(text: string): boolean {
  let decoded = text
  for (let round = 0; round <= DECODINGS; round += 1) {
    if (decoded === '.' || decoded === '..') return true
    decoded = decoded.replace(/%2e/gi, '.').replace(/%25/gi, '%')
  }
  return false
}
