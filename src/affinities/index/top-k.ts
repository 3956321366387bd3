/**
 * A top-k heap: keeps the first `room` of many slots in an order. The root of the binary heap is the last slot that is
 * kept, so that most other slots cost one comparison.
 */
export class TopK {
  readonly #room: number
  readonly #sortsBefore: (a: number, b: number) => boolean
  readonly #heap: number[] = []

  constructor(room: number, sortsBefore: (a: number, b: number) => boolean) {
    this.#room = room
    this.#sortsBefore = sortsBefore
  }

  add(slot: number): void {
    const heap = this.#heap
    if (heap.length < this.#room) {
      this.#rise(heap.length, slot)
    } else if (heap.length > 0 && this.#sortsBefore(slot, heap[0] ?? -1)) {
      this.#sink(slot)
    }
  }

  sorted(): number[] {
    return [...this.#heap].sort((a, b) => (a === b ? 0 : this.#sortsBefore(a, b) ? -1 : 1))
  }

  #rise(from: number, slot: number): void {
    const heap = this.#heap
    let place = from
    while (place > 0) {
      const parent = (place - 1) >>> 1
      const above = heap[parent] ?? -1
      if (!this.#sortsBefore(above, slot)) break
      heap[place] = above
      place = parent
    }
    heap[place] = slot
  }

  /** Replaces the root by a slot. */
  #sink(slot: number): void {
    const heap = this.#heap
    let place = 0
    for (;;) {
      let child = 2 * place + 1
      if (child >= heap.length) break
      const right = child + 1
      if (right < heap.length && this.#sortsBefore(heap[child] ?? -1, heap[right] ?? -1)) child = right
      const below = heap[child] ?? -1
      if (!this.#sortsBefore(slot, below)) break
      heap[place] = below
      place = child
    }
    heap[place] = slot
  }
}
