/** The index would hold more records than the heap has room for. */
export class IndexTooLargeError extends Error {
  override readonly name = 'IndexTooLargeError'

  constructor(room: number) {
    super(`There are more affinities than the ${room} that the heap has room for.`)
  }
}

/** @throws IndexTooLargeError */
export function requireRoom(records: number, room: number): void {
  if (records > room) throw new IndexTooLargeError(room)
}
