import { hash, verify as verifyBcrypt } from '@node-rs/bcrypt'
import { describe, expect, it, vi } from 'vitest'
import { databaseUnavailable, RateLimitedError, UnavailableError } from '../../src/errors.js'
import { createPasswordVerifier } from '../../src/session/passwords.js'
import { gatewayRows } from '../gateway/gateway-rows.js'

const ROOT_HASH = gatewayRows('users').find((user) => user['username'] === 'root')?.['password_hash'] ?? ''
const PASSWORD = 'correct horse battery'

const costOf = (stored: string): number => Number(stored.slice('$2b$'.length, '$2b$04'.length))

/** A verifier over real bcrypt that also says at which costs it compared. */
function observed(sampleHash: () => Promise<string | undefined>) {
  const costs: number[] = []
  const passwords = createPasswordVerifier({
    sampleHash,
    compare: (password, stored) => {
      costs.push(costOf(stored))
      return verifyBcrypt(password, stored)
    },
  })
  return { passwords, costs }
}

describe('a password', () => {
  const { passwords } = observed(async () => ROOT_HASH)

  it("is checked against the gateway's own hash", async () => {
    expect(await passwords.verify(PASSWORD, ROOT_HASH)).toBe(true)
    expect(await passwords.verify('correct horse batterz', ROOT_HASH)).toBe(false)
    expect(await passwords.verify('', ROOT_HASH)).toBe(false)
  })

  it('never fits an unknown account', async () => {
    expect(await passwords.verify(PASSWORD, undefined)).toBe(false)
    expect(await passwords.verify('', undefined)).toBe(false)
  })

  it('does not fit an unknown account even where it fits the hash compared in its place', async () => {
    const lenient = createPasswordVerifier({ sampleHash: async () => ROOT_HASH, compare: async () => true })
    expect(await lenient.verify(PASSWORD, undefined)).toBe(false)
    expect(await lenient.verify(PASSWORD, 'malformed')).toBe(false)
    expect(await lenient.verify(PASSWORD, ROOT_HASH)).toBe(true)
  })

  it('is read to its 72nd byte, as bcrypt does', async () => {
    const stored = await hash('x'.repeat(72), 4)
    expect(await passwords.verify('x'.repeat(80), stored)).toBe(true)
    expect(await passwords.verify('x'.repeat(71), stored)).toBe(false)
  })
})

describe('the work of a comparison', () => {
  it.each([4, 5])(
    'is that of the existing accounts, cost %i, whether or not the account exists',
    async (cost) => {
      const stored = await hash(PASSWORD, cost)
      const { passwords, costs } = observed(async () => stored)
      await passwords.verify('wrong', stored)
      await passwords.verify('wrong', undefined)
      await passwords.verify(PASSWORD, undefined)
      expect(costs).toEqual([cost, cost, cost])
    },
  )

  it.each([
    ['empty', ''],
    ['not bcrypt', '$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA'],
    ['cut short', ROOT_HASH.slice(0, -1)],
    ['too long', `${ROOT_HASH}x`],
    ['of an impossible cost', ROOT_HASH.replace('$04$', '$99$')],
    ['a text of 1 MB', 'x'.repeat(1_000_000)],
  ])('is the same for a stored hash that is %s, and the answer is false', async (_, stored) => {
    const { passwords, costs } = observed(async () => ROOT_HASH)
    expect(await passwords.verify(PASSWORD, stored)).toBe(false)
    expect(costs).toEqual([4])
  })

  it.each([
    ['an unknown account', undefined],
    ['a salt that no 16 bytes make', `$2b$10$${'a'.repeat(53)}`],
    ['a padded salt', `$2b$10$${'a'.repeat(20)}==${'.'.repeat(31)}`],
  ])('is really done for %s: bcrypt rejects what it cannot read at once', async (_, stored) => {
    const sample = await hash(PASSWORD, 10)
    const passwords = createPasswordVerifier({ sampleHash: async () => sample })
    await passwords.verify('wrong', undefined)
    const before = process.cpuUsage()
    await passwords.verify('wrong', stored)
    const { user } = process.cpuUsage(before)
    // 1,024 rounds take more than 10 ms of any processor, in microseconds.
    expect(user).toBeGreaterThan(10_000)
  })

  it('is learnt once, on the first attempt of whatever account', async () => {
    for (const first of [ROOT_HASH, undefined]) {
      let asked = 0
      const { passwords } = observed(async () => {
        asked++
        return ROOT_HASH
      })
      await passwords.verify('wrong', first)
      expect(asked).toBe(1)
      await passwords.verify('wrong', undefined)
      await passwords.verify('wrong', ROOT_HASH)
      expect(asked).toBe(1)
    }
  })

  it("is bcrypt's usual cost of 12 while there is nobody to learn from", async () => {
    let sample: string | undefined = 'not a hash'
    const costs: number[] = []
    const passwords = createPasswordVerifier({
      sampleHash: async () => sample,
      compare: async (_, stored) => costs.push(costOf(stored)) < 0,
    })
    await passwords.verify('wrong', undefined)
    sample = undefined
    await passwords.verify('wrong', undefined)
    sample = ROOT_HASH
    await passwords.verify('wrong', undefined)
    expect(costs).toEqual([12, 12, 4])
  })

  it('is none for a password over 1,024 characters, known account or not', async () => {
    const { passwords, costs } = observed(async () => ROOT_HASH)
    expect(await passwords.verify('x'.repeat(1025), ROOT_HASH)).toBe(false)
    expect(await passwords.verify('x'.repeat(1025), undefined)).toBe(false)
    expect(costs).toEqual([])
    await passwords.verify('x'.repeat(1024), ROOT_HASH)
    expect(costs).toEqual([4])
  })

  it('cannot be known while the database is away, and is learnt when it is back', async () => {
    let down = true
    const { passwords, costs } = observed(async () => {
      if (down) throw databaseUnavailable(undefined)
      return ROOT_HASH
    })
    await expect(passwords.verify(PASSWORD, undefined)).rejects.toBeInstanceOf(UnavailableError)
    down = false
    expect(await passwords.verify(PASSWORD, undefined)).toBe(false)
    expect(costs).toEqual([4])
  })
})

describe('comparisons that come at once', () => {
  /** A verifier whose comparisons end when they are told to, oldest first. */
  async function byHand() {
    const running: { password: string; end: (matches: boolean) => void }[] = []
    const passwords = createPasswordVerifier({
      sampleHash: async () => ROOT_HASH,
      compare: (password) => new Promise((end) => running.push({ password, end })),
    })
    const endOne = () => running.shift()?.end(true)
    // The first comparison reads the cost, which takes turns of its own.
    const first = passwords.verify('first', ROOT_HASH)
    await vi.waitFor(() => expect(running).toHaveLength(1))
    endOne()
    await first
    return { passwords, running, endOne }
  }
  const settled = () => new Promise(setImmediate)

  it('run two at a time, sixteen wait, and the rest is told at once when to try again', async () => {
    const { passwords, running, endOne } = await byHand()
    const answers = Array.from({ length: 200 }, (_, n) => passwords.verify(`${n}`, ROOT_HASH))
    const outcomes = Promise.allSettled(answers)
    await settled()
    expect(running.map(({ password }) => password)).toEqual(['0', '1'])
    await expect(answers[18]).rejects.toEqual(new RateLimitedError(5, 'Too many sign-ins wait.'))
    for (let n = 0; n < 18; n += 1) {
      endOne()
      await settled()
      expect(running.length).toBeLessThanOrEqual(2)
    }
    const fulfilled = (await outcomes).filter(({ status }) => status === 'fulfilled')
    expect(fulfilled).toHaveLength(18)
  })

  it('of a known network go before all others, and find room where those do not', async () => {
    const { passwords, running, endOne } = await byHand()
    const strangers = Array.from({ length: 30 }, (_, n) => passwords.verify(`stranger ${n}`, ROOT_HASH))
    const outcomes = Promise.allSettled(strangers)
    await settled()
    const known = passwords.verify('known', ROOT_HASH, true)
    await settled()
    endOne()
    await settled()
    expect(running.map(({ password }) => password)).toEqual(['stranger 1', 'known'])
    running.pop()?.end(true)
    expect(await known).toBe(true)
    for (let n = 0; n < 18; n += 1) {
      endOne()
      await settled()
    }
    await outcomes
  })

  it('that fail make room for the next', async () => {
    let compared = 0
    const passwords = createPasswordVerifier({
      sampleHash: async () => ROOT_HASH,
      compare: async () => {
        compared += 1
        throw new Error('no memory')
      },
    })
    for (let n = 0; n < 5; n += 1) await expect(passwords.verify('x', ROOT_HASH)).rejects.toThrow('no memory')
    expect(compared).toBe(5)
  })
})
