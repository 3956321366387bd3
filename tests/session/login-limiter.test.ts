import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { RateLimitedError } from '../../src/errors.js'
import { createLoginLimiter, type LoginLimiter } from '../../src/session/login-limiter.js'

const ACCOUNT = 'root@example.com'
/** Fixed, so that no two names of these tests share a slot by luck. */
const slotKey = new Uint8Array(32)

let limiter: LoginLimiter
beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-06-01T12:00:00Z') })
  limiter = createLoginLimiter({ slotKey })
})
afterEach(() => {
  vi.useRealTimers()
})

/** How many of these attempts are let through, none of them succeeding. */
async function admitted(attempts: readonly (readonly [address: string, account: string])[]): Promise<number> {
  const results = await Promise.allSettled(
    attempts.map(([address, account]) => limiter.reserve(address, account)),
  )
  return results.filter((result) => result.status === 'fulfilled').length
}

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i))

async function secondsToWait(address: string, account: string): Promise<number> {
  const error: unknown = await limiter.reserve(address, account).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof RateLimitedError)) throw new Error('the attempt was let through')
  return error.retryAfterSeconds
}

describe('wrong passwords', () => {
  it('are taken five times a minute for one account, from wherever they come', async () => {
    expect(await admitted(times(100, (i) => [`192.0.2.${i}`, ACCOUNT]))).toBe(5)
  })

  it('are taken five times a minute from one address, for whatever accounts', async () => {
    expect(await admitted(times(100, (i) => ['192.0.2.1', `user${i}@example.com`]))).toBe(5)
  })

  it('count one by one when a hundred arrive at once', async () => {
    expect(await admitted(times(100, () => ['192.0.2.1', ACCOUNT]))).toBe(5)
  })

  it('count for one account however its email is written', async () => {
    const spellings = ['root@example.com', ' ROOT@EXAMPLE.COM ', 'Root@Example.com\n', '\troot@example.COM']
    expect(await admitted(times(40, (i) => [`192.0.2.${i}`, spellings[i % 4] ?? '']))).toBe(5)
  })

  it('count for one client from all addresses of an IPv6 /64, and from an IPv4 address in IPv6 form', async () => {
    expect(await admitted(times(40, (i) => [`2001:db8::${i.toString(16)}`, `user${i}@example.com`]))).toBe(5)
    const forms = ['192.0.2.1', '::ffff:192.0.2.1']
    expect(await admitted(times(40, (i) => [forms[i % 2] ?? '', `other${i}@example.com`]))).toBe(5)
  })

  it('do not lock other accounts or addresses', async () => {
    await admitted(times(100, () => ['192.0.2.1', ACCOUNT]))
    expect(await admitted([['192.0.2.2', 'alice@example.com']])).toBe(1)
  })

  it('are forgotten after a minute, however many were refused meanwhile', async () => {
    await admitted(times(5, () => ['192.0.2.1', ACCOUNT]))
    expect(await secondsToWait('192.0.2.1', ACCOUNT)).toBe(60)
    vi.advanceTimersByTime(59_000)
    expect(await admitted(times(100, () => ['192.0.2.1', ACCOUNT]))).toBe(0)
    expect(await secondsToWait('192.0.2.1', ACCOUNT)).toBe(1)
    vi.advanceTimersByTime(1_000)
    expect(await admitted(times(100, () => ['192.0.2.1', ACCOUNT]))).toBe(5)
  })

  it('refused for their account do not count against their address', async () => {
    await admitted(times(5, (i) => [`192.0.2.${i}`, ACCOUNT]))
    expect(await admitted(times(20, () => ['198.51.100.1', ACCOUNT]))).toBe(0)
    expect(await admitted(times(20, (i) => ['198.51.100.1', `user${i}@example.com`]))).toBe(5)
  })
})

describe('wider networks', () => {
  it.each([
    ['an IPv6 /48', (i: number) => `2001:db8:7:${i.toString(16)}::1`],
    ['an IPv4 /24', (i: number) => `192.0.2.${i}`],
  ])('are allowed twenty failures a minute together: %s', async (_, addressOf) => {
    expect(await admitted(times(200, (i) => [addressOf(i), `user${i}@example.com`]))).toBe(20)
    expect(await admitted([['198.51.100.1', ACCOUNT]])).toBe(1)
  })

  it('are allowed sixty failures a minute in all', async () => {
    expect(await admitted(times(200, (i) => [`10.${i}.0.1`, `user${i}@example.com`]))).toBe(60)
  })
})

describe('an address from which the account has signed in', () => {
  const HOME = '198.51.100.7'
  beforeEach(() => limiter.remember(HOME, ` ${ACCOUNT.toUpperCase()}`))

  it('is let in whatever others get wrong: for the account, from its wider network, and in all', async () => {
    await admitted(times(200, (i) => [`10.0.${i}.1`, ACCOUNT]))
    await admitted(times(200, (i) => [`198.51.100.${i + 10}`, `user${i}@example.com`]))
    await admitted(times(200, (i) => [`10.${i}.0.1`, `other${i}@example.com`]))
    expect(await admitted([['203.0.113.1', 'new@example.com']])).toBe(0)
    expect((await limiter.reserve(HOME, ACCOUNT)).isKnown).toBe(true)
  })

  it('is let in whatever its neighbours behind one address get wrong for other accounts', async () => {
    await admitted(times(20, (i) => [HOME, `user${i}@example.com`]))
    expect(await admitted([[HOME, ACCOUNT]])).toBe(1)
  })

  it('may fail five times a minute itself', async () => {
    expect(await admitted(times(100, () => [HOME, ACCOUNT]))).toBe(5)
    expect(await admitted([['203.0.113.1', ACCOUNT]])).toBe(1)
  })

  it('is known for this account alone', async () => {
    expect((await limiter.reserve(HOME, 'other@example.com')).isKnown).toBe(false)
    expect((await limiter.reserve('198.51.100.8', ACCOUNT)).isKnown).toBe(false)
  })

  it('is forgotten only for ten thousand newer ones', async () => {
    for (let i = 0; i < 9_999; i++) limiter.remember(`10.1.${i >> 8}.${i & 255}`, ACCOUNT)
    expect((await limiter.reserve(HOME, ACCOUNT)).isKnown).toBe(true)
    for (let i = 0; i < 10_000; i++) limiter.remember(`10.2.${i >> 8}.${i & 255}`, ACCOUNT)
    expect((await limiter.reserve(HOME, ACCOUNT)).isKnown).toBe(false)
  })
})

describe('a login that succeeds', () => {
  it('counts for nothing', async () => {
    for (let login = 0; login < 20; login++) await (await limiter.reserve('192.0.2.1', ACCOUNT)).giveBack()
    expect(await admitted(times(20, () => ['192.0.2.1', ACCOUNT]))).toBe(5)
  })

  it('does not forgive the failures before it', async () => {
    await admitted(times(4, () => ['192.0.2.1', ACCOUNT]))
    await (await limiter.reserve('192.0.2.1', ACCOUNT)).giveBack()
    expect(await admitted(times(20, () => ['192.0.2.1', ACCOUNT]))).toBe(1)
  })

  it('late, in the next minute, does not buy a sixth attempt there', async () => {
    const slow = await limiter.reserve('192.0.2.1', ACCOUNT)
    vi.advanceTimersByTime(60_000)
    await slow.giveBack()
    expect(await admitted(times(20, () => ['192.0.2.1', ACCOUNT]))).toBe(5)
  })

  it('leaves nothing of attempts that were refused beside it', async () => {
    const attempts = await Promise.all(times(5, () => limiter.reserve('192.0.2.1', ACCOUNT)))
    expect(await admitted(times(20, () => ['192.0.2.1', ACCOUNT]))).toBe(0)
    await Promise.all(attempts.map((attempt) => attempt.giveBack()))
    expect(await admitted(times(20, () => ['192.0.2.1', ACCOUNT]))).toBe(5)
  })
})

describe('a flood of random accounts', () => {
  it('takes no more counters than there are slots, and none after a minute', async () => {
    limiter = createLoginLimiter({ slots: 64, slotKey })
    await admitted(times(2_000, (i) => [`10.0.${i >> 8}.${i & 255}`, `user${i}@example.com`]))
    expect(limiter.counters()).toBeGreaterThan(64)
    expect(limiter.counters()).toBeLessThanOrEqual(128)
    vi.advanceTimersByTime(60_000)
    expect(limiter.counters()).toBe(0)
  })

  it('does not clear what is counted against the account that is meant', async () => {
    await admitted(times(5, (i) => [`192.0.2.${i}`, ACCOUNT]))
    await admitted(times(5_000, (i) => [`10.0.${i >> 8}.${i & 255}`, `user${i}@example.com`]))
    expect(await admitted([['198.51.100.1', ACCOUNT]])).toBe(0)
  })
})

it('refuses without naming the account or the address', async () => {
  await admitted(times(5, () => ['192.0.2.1', ACCOUNT]))
  const refusal = limiter.reserve('192.0.2.1', ACCOUNT)
  await expect(refusal).rejects.toThrow('Too many failed attempts. Try again in 60 s.')
})
