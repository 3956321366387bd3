/**
 * Limits of what the service keeps for clients before a request has arrived and after its answer is made. The limits of
 * documents and of rates are in `server/limits`. All times are in milliseconds, and all sizes in bytes.
 */
export interface TransportLimits {
  /** Largest number of open connections; 0: no limit. `MAX_CONNECTIONS` sets it. */
  readonly connections: number
  /**
   * Largest number of open connections from one network: an IPv4 address, or the /64 of an IPv6 address; 0: no limit. A
   * trusted proxy may open any number. `MAX_CONNECTIONS_PER_ADDRESS` sets it.
   */
  readonly connectionsPerNetwork: number
  /** Most requests of one connection that wait for the answer to the one before them (HTTP pipelining). */
  readonly waitingRequests: number
  /** Time for all headers of a request. */
  readonly headersMs: number
  /** Time for the whole request, with its body. */
  readonly requestMs: number
  /** Interval at which Node checks these two times. Its default of 30 s would add that much to them. */
  readonly checkEveryMs: number
  /** Time for which a connection without a request stays open. */
  readonly keepAliveMs: number
  /** Largest body of one request: it has room for the largest permitted document and the ids of 1,000 affinities. */
  readonly bodyBytes: number
  /** Memory for all bodies that have not arrived completely. Beyond it the oldest of them are refused. */
  readonly unfinishedBodyBytes: number
  /** Time in which a client takes the rest of its answer, or at least `LEAST_PROGRESS` of it. */
  readonly stalledWriteMs: number
  /** Memory for all answers that their clients have not taken. Beyond it the oldest of them are cut. */
  readonly unreadAnswerBytes: number
  /** Age up to which no answer is cut for the sake of `unreadAnswerBytes`: other answers are just being sent. */
  readonly unreadGraceMs: number
}

/** These limits hold unless a variable or a test sets others. */
export const TRANSPORT_LIMITS: TransportLimits = {
  connections: 2_000,
  connectionsPerNetwork: 200,
  waitingRequests: 16,
  headersMs: 10_000,
  requestMs: 30_000,
  checkEveryMs: 2_000,
  keepAliveMs: 65_000,
  bodyBytes: 400_000,
  unfinishedBodyBytes: 32_000_000,
  stalledWriteMs: 30_000,
  unreadAnswerBytes: 64_000_000,
  unreadGraceMs: 2_000,
}

/**
 * Bytes that count as progress of an answer. Less than that in `stalledWriteMs` is the Slow Read attack: 16 KiB in 30 s is
 * slower than a modem.
 */
export const LEAST_PROGRESS = 16_384

/**
 * Reasons for which a client is refused or cut: the limits `connections`, `connectionsPerNetwork`, `waitingRequests`,
 * `unfinishedBodyBytes`, `stalledWriteMs` and `unreadAnswerBytes`, and the operations in flight.
 */
export const CUT_REASONS = [
  'connections',
  'address_connections',
  'waiting_requests',
  'unfinished_bodies',
  'stalled_answer',
  'unread_answers',
  'operations',
] as const
export type CutReason = (typeof CUT_REASONS)[number]
