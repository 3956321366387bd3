import { randomUUID } from 'node:crypto'

const SAFE_REQUEST_ID = /^[\w.:-]{1,100}$/

const requestIds = new WeakMap<Request, string>()

/**
 * Returns the request's id: the one that the caller sent if its characters are safe in a log line, otherwise a new one. The
 * log, the context and the answer's `x-request-id` have the same id.
 */
export function requestIdOf(request: Request): string {
  let id = requestIds.get(request)
  if (id === undefined) {
    id = readRequestId(request.headers.get('x-request-id'))
    requestIds.set(request, id)
  }
  return id
}

/** @param given value of the header `x-request-id` */
export const readRequestId = (given: unknown): string =>
  typeof given === 'string' && SAFE_REQUEST_ID.test(given) ? given : randomUUID()
