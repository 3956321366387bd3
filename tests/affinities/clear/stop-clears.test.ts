import { describe, expect, it } from 'vitest'
import { createStopClears } from '../../../src/app/stop-clears.js'

/** A stop whose clears take so long, after which so many guard windows are open. */
function stopWith(options: {
  clearsMs?: number
  windows: number
  isDone?: boolean
  endsWithGateway?: boolean
}) {
  let clock = 1_000
  const waits: number[] = []
  const lines: string[] = []
  const tell = (_facts: object, message: string) => void lines.push(message)
  const stop = createStopClears({
    audit: {
      async clearsDone() {
        clock += options.clearsMs ?? 0
      },
    },
    guard: {
      windows: options.windows,
      async settled(withinMs) {
        waits.push(withinMs)
        return options.isDone ?? true
      },
    },
    endsWithGateway: options.endsWithGateway ?? false,
    log: { info: tell, warn: tell },
    now: () => clock,
  })
  return { stop, waits, lines }
}

describe('a stop', () => {
  it('waits for guard windows until 45 s after its signal, whatever the clears took of them', async () => {
    for (const [clearsMs, left] of [
      [0, 45_000],
      [39_000, 6_000],
      [60_000, 0],
    ] as const) {
      const { stop, waits, lines } = stopWith({ clearsMs, windows: 2 })
      stop.begin()
      expect(stop.stop.isStopping).toBe(true)
      await stop.done()
      expect([waits, lines]).toEqual([[left], ['the stop waits for guard windows']])
    }
  })

  it('says so when it cuts windows short', async () => {
    const { stop, lines } = stopWith({ windows: 1, isDone: false })
    stop.begin()
    await stop.done()
    expect(lines).toEqual(['the stop waits for guard windows', 'the stop cuts guard windows short'])
  })

  it('waits for no window where none is open, where the gateway ends as well, or where nothing was told to stop', async () => {
    const [none, demo, failed] = [
      stopWith({ windows: 0 }),
      stopWith({ windows: 1, endsWithGateway: true }),
      stopWith({ windows: 1 }),
    ]
    none.stop.begin()
    demo.stop.begin()
    for (const { stop, waits, lines } of [none, demo, failed]) {
      await stop.done()
      expect([waits, lines]).toEqual([[], []])
    }
  })
})
