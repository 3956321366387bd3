import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { watchReturns } from '../../web/src/hooks/use-return.js'

class Tab extends EventTarget {
  hidden = false
  set(hidden: boolean) {
    this.hidden = hidden
    this.dispatchEvent(new Event('visibilitychange'))
  }
}

let tab: Tab
const asked = vi.fn(() => {})
beforeEach(() => {
  tab = new Tab()
  asked.mockReset()
  vi.useFakeTimers()
  vi.stubGlobal('document', tab)
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

it('a tab that was hidden asks at once when it is shown again, if it would have asked meanwhile', () => {
  const stop = watchReturns(30_000, asked)
  tab.set(true)
  vi.advanceTimersByTime(29_999)
  tab.set(false)
  expect(asked).not.toHaveBeenCalled()
  tab.set(true)
  vi.advanceTimersByTime(3_600_000)
  tab.set(true)
  tab.set(false)
  tab.set(false)
  expect(asked).toHaveBeenCalledTimes(1)
  stop()
  tab.set(true)
  vi.advanceTimersByTime(3_600_000)
  tab.set(false)
  expect(asked).toHaveBeenCalledTimes(1)
})
