import { letGoFirst } from './going-first.js'

/** Milliseconds for which work waits at most while connections arrive. */
const LONGEST_WAIT_MS = 150

/** Turns that follow each other, each with a connection, from which on work waits: before it there is no crowd. */
const CROWD = 25

let hasArrived = false
let turnsWithArrivals = 0
let waitsUntil = 0
let waiting: (() => void)[] = []

/** Tells that a connection has been accepted in this turn of the event loop. */
export function connectionArrived(): void {
  hasArrived = true
}

/**
 * Begins work in the next turn of the event loop; in a crowd, in the next one in which no connection arrives, and after 150 ms in any case. libuv accepts one
 * connection in each turn: where every turn does all the work that is there, the last of a thousand clients, and any health
 * probe behind them, waits for half a minute until it is accepted.
 */
export function inQuietTurn(work: () => void): void {
  waiting.push(work)
  if (waiting.length > 1) return
  waitsUntil = performance.now() + LONGEST_WAIT_MS
  setImmediate(turn)
}

function turn(): void {
  if (letGoFirst(turn)) return
  turnsWithArrivals = hasArrived ? turnsWithArrivals + 1 : 0
  hasArrived = false
  if (turnsWithArrivals > CROWD && performance.now() < waitsUntil) {
    setImmediate(turn)
    return
  }
  const works = waiting
  waiting = []
  let begun = 0
  try {
    for (const work of works) {
      begun += 1
      work()
    }
  } finally {
    // Work that throws must not take the rest with it.
    for (const work of works.slice(begun)) inQuietTurn(work)
  }
}
