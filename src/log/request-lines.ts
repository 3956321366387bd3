import { shortened } from '../util/text.js'

const LONGEST_OPERATION = 40
const CONTROL = /[\p{Cc}\p{Cf}\u2028\u2029]/gu

/**
 * Makes one line of a terminal of a request's line: `query { affinities } 200 in 33 ms, demo from 127.0.0.1, 5e31d593-…`. As
 * JSON it takes two. Other lines stay as they are, and so do all where a machine reads them.
 */
export function shortRequest(line: string): string {
  // Most lines of a log are of requests; the others are not parsed for this.
  if (!line.includes('"msg":"request"')) return line
  const entry = parsed(line)
  if (entry?.['msg'] !== 'request') return line
  const { level, time, kind, operation, status, durationMs, viewer, address, requestId, errorCodes } = entry
  const what = [kind, operation]
    .flatMap((word) => (typeof word === 'string' ? shortened(word, LONGEST_OPERATION) : []))
    .join(' ')
  const codes = Array.isArray(errorCodes) ? ` ${errorCodes.join(', ')}` : ''
  const who = `${viewer ?? 'nobody'} from ${address}`
  const msg = `${what || 'request'} ${status}${codes} in ${durationMs} ms, ${who}, ${requestId}`
  // A message is shown as it is: a name in it must make no line of its own.
  return `${JSON.stringify({ level, time, msg: msg.replace(CONTROL, '�') })}\n`
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    const entry: unknown = JSON.parse(line)
    return typeof entry === 'object' && entry !== null ? { ...entry } : undefined
  } catch {
    // Another hook may have changed it; it is shown nevertheless.
    return undefined
  }
}
