import type { TransportLimits } from './transport-limits.js'

/** Bytes for which a body has room at first. Most requests are smaller. */
const FIRST_ROOM = 4_096

/** A request body while it arrives. */
export interface ArrivingBody {
  /** Adds bytes. Returns false if the body is larger than permitted, or was refused. */
  add(chunk: Uint8Array): boolean
  readonly text: string
  /** Gives the memory back to the budget. */
  close(): void
}

/** Shares a limited amount of memory among all bodies that arrive at the same time. */
export interface BodyBudget {
  /** Largest body, in bytes. */
  readonly maxBodyBytes: number
  /** @param onRefused called if others need the memory */
  open(onRefused: () => void): ArrivingBody
  /** Bytes in use. */
  readonly used: number
}

/**
 * Creates the budget. If it is spent, the oldest body is refused: a body usually arrives within milliseconds, and those that
 * do not must not keep everybody else out.
 * @param onRefused called for each body that is refused
 */
export function createBodyBudget(
  {
    bodyBytes: maxBodyBytes,
    unfinishedBodyBytes,
  }: Pick<TransportLimits, 'bodyBytes' | 'unfinishedBodyBytes'>,
  onRefused: () => void = () => {},
): BodyBudget {
  /** Bodies that arrive, oldest first, and how to refuse each. */
  const arriving = new Map<ArrivingBody, () => void>()
  let used = 0

  function makeRoom(): void {
    for (const refuse of arriving.values()) {
      if (used <= unfinishedBodyBytes) return
      refuse()
    }
  }

  return {
    maxBodyBytes,
    get used() {
      return used
    },
    open(onBodyRefused) {
      // The chunks are copied, since a chunk of one byte would take hundreds of bytes as an object.
      let bytes = Buffer.alloc(0)
      let size = 0

      function grow(needed: number): void {
        const room = Math.min(maxBodyBytes, Math.max(FIRST_ROOM, bytes.length * 2, needed))
        const larger = Buffer.allocUnsafeSlow(room)
        bytes.copy(larger, 0, 0, size)
        used += larger.length - bytes.length
        bytes = larger
        makeRoom()
      }

      const body: ArrivingBody = {
        add(chunk) {
          const needed = size + chunk.byteLength
          if (needed > maxBodyBytes || !arriving.has(body)) return false
          if (needed > bytes.length) grow(needed)
          if (!arriving.has(body)) return false
          bytes.set(chunk, size)
          size = needed
          return true
        },
        get text() {
          return bytes.toString('utf8', 0, size)
        },
        close() {
          arriving.delete(body)
          used -= bytes.length
          bytes = Buffer.alloc(0)
          size = 0
        },
      }
      arriving.set(body, () => {
        body.close()
        onRefused()
        onBodyRefused()
      })
      return body
    },
  }
}
