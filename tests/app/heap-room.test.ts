import { expect, test, vi } from 'vitest'
import { warnOfHeap } from '../../src/app/heap-room.js'

const MIB = 2 ** 20

test.each([
  [450_000, 512, false],
  [500_000, 512, true],
  [1_000_000, 512, true],
  [800_000, 768, false],
  [0, 64, false],
])('%d affinities in a heap of %d MiB: warns is %s', (affinities, heapMiB, warns) => {
  const warn = vi.fn()
  warnOfHeap(affinities, { warn }, heapMiB * MIB)
  expect(warn).toHaveBeenCalledTimes(warns ? 1 : 0)
  if (warns) expect(warn.mock.calls[0]?.[0]).toMatchObject({ affinities, heapMiB })
})
