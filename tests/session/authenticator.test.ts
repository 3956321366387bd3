import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { hashSync } from '@node-rs/bcrypt'
import { SignJWT } from 'jose'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import {
  cacheUnavailable,
  databaseUnavailable,
  ForbiddenError,
  RateLimitedError,
  UnauthenticatedError,
  UnavailableError,
} from '../../src/errors.js'
import type { AdminAccount, TokenHolder } from '../../src/gateway/gateway.js'
import {
  type Authenticator,
  type AuthenticatorDeps,
  createAuthenticator,
} from '../../src/session/authenticator.js'
import { createAccessTokens } from '../../src/session/jwt.js'
import { createLoginLimiter } from '../../src/session/login-limiter.js'
import { createPasswordVerifier } from '../../src/session/passwords.js'
import { newStaticToken } from '../../src/session/static-tokens.js'

const SECRET = 'fixture-jwt-secret'
const PASSWORD = 'correct horse battery'
const PASSWORD_HASH = hashSync(PASSWORD, 4)
const START = Date.parse('2026-06-01T12:00:00Z')
const ADDRESS = '192.0.2.1'

const ROOT = {
  id: 'u-root',
  username: 'root',
  email: 'root@example.com',
  passwordHash: PASSWORD_HASH,
  role: 'admin' as const,
  isActive: true,
  isDeleted: false,
  createdAt: new Date('2026-01-01T00:00:00Z'),
} satisfies AdminAccount
const ROOT_VIEWER = {
  key: 'user:u-root',
  name: 'root',
  role: 'ADMIN',
  canClear: true,
  userId: 'u-root',
  permissions: null,
}

const ciAdmin = newStaticToken('ci', 'admin')
const dashboard = newStaticToken('dashboard', 'viewer')
const staticTokens = [ciAdmin.known, dashboard.known]

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

/** The two stores, small enough to be seen through: rows, revoked hashes, and whether either is away. */
class World {
  now = START
  accounts: AdminAccount[] = [ROOT]
  readonly revoked = new Set<string>()
  revokedFor = 0
  databaseDown = false
  cacheDown = false
  readonly asked: string[] = []

  readonly directory = {
    holderOf: async (id: string): Promise<TokenHolder> => ({
      generation: 'ENDPOINT_KEYS',
      account: await this.#find((account) => account.id === id),
      session: undefined,
    }),
    findByName: async (name: string) =>
      this.#find((account) => account.email === name || account.username === name),
    findManagementToken: async () => {
      this.asked.push('database')
      if (this.databaseDown) throw databaseUnavailable(new Error('ECONNREFUSED'))
      return null
    },
    sampleHash: async () => this.accounts[0]?.passwordHash ?? undefined,
  }

  readonly blacklist = {
    isRevoked: async (hash: string): Promise<boolean> => {
      this.asked.push('cache')
      if (this.cacheDown) throw cacheUnavailable(new Error('ECONNREFUSED'))
      return this.revoked.has(hash)
    },
    revoke: async (hash: string, seconds: number): Promise<void> => {
      if (this.cacheDown) throw cacheUnavailable(new Error('ECONNREFUSED'))
      this.revoked.add(hash)
      this.revokedFor = seconds
    },
  }

  async #find(wanted: (account: AdminAccount) => boolean): Promise<AdminAccount | null> {
    this.asked.push('database')
    if (this.databaseDown) throw databaseUnavailable(new Error('ECONNREFUSED'))
    return this.accounts.find(wanted) ?? null
  }

  authenticator(overrides: Partial<AuthenticatorDeps> = {}): Authenticator {
    const now = () => this.now
    return createAuthenticator({
      staticTokens,
      accessTokens: createAccessTokens(SECRET, { ttlSeconds: 3600, now }),
      directory: this.directory,
      blacklist: this.blacklist,
      limiter: createLoginLimiter({ slotKey: new Uint8Array(32) }),
      passwords: createPasswordVerifier({ sampleHash: this.directory.sampleHash }),
      now,
      ...overrides,
    })
  }
}

let world: World
let auth: Authenticator
beforeEach(() => {
  world = new World()
  auth = world.authenticator()
})

/** A token as the gateway signs it: this process has never seen it. */
const gatewayToken = (claims: Record<string, unknown> = {}): Promise<string> =>
  new SignJWT({ user_id: ROOT.id, type: 'access', exp: START / 1000 + 3600, ...claims })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .sign(new TextEncoder().encode(SECRET))

const from = (authorization: string | null | undefined) => ({
  authorization,
  deviceId: null,
  address: ADDRESS,
})

const bearer = (token: string) => auth.authenticate(from(`Bearer ${token}`))

async function loggedIn(): Promise<string> {
  const login = await auth.login(ROOT.email, PASSWORD, ADDRESS)
  if (!login) throw new Error('root could not log in')
  return login.token
}

describe('the Authorization header', () => {
  it.each([null, undefined, '', '  '])('is no credentials when it is %j', async (header) => {
    expect(await auth.authenticate(from(header))).toBeNull()
  })

  it.each(['Bearer', 'bearer', 'BEARER', ' Bearer '])('takes the scheme %j', async (scheme) => {
    expect(await auth.authenticate(from(`${scheme} ${ciAdmin.token}`))).toMatchObject({ name: 'ci' })
  })

  it.each([
    'Bearer',
    'Bearer ',
    `Basic ${ciAdmin.token}`,
    ciAdmin.token,
    `Bearer${ciAdmin.token}`,
    `Bearer ${ciAdmin.token} x`,
    `Bearer ${ciAdmin.token}, Bearer ${ciAdmin.token}`,
    `Bearer x${ciAdmin.token}`,
    `Bearer ${'x'.repeat(9000)}`,
  ])('is refused, and not repeated, when it is no good: %j', async (header) => {
    const error: unknown = await auth.authenticate(from(header)).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(UnauthenticatedError)
    expect(String(error)).not.toContain(ciAdmin.token)
  })
})

describe('a static token', () => {
  it('of an admin may clear; of a viewer may not', async () => {
    expect(await bearer(ciAdmin.token)).toEqual({
      key: 'token:ci',
      name: 'ci',
      role: 'ADMIN',
      canClear: true,
      userId: null,
      permissions: null,
    })
    expect(await bearer(dashboard.token)).toEqual({
      key: 'token:dashboard',
      name: 'dashboard',
      role: 'USER',
      canClear: false,
      userId: null,
      permissions: null,
    })
  })

  it('needs no store', async () => {
    world.databaseDown = true
    world.cacheDown = true
    expect(await bearer(ciAdmin.token)).toMatchObject({ name: 'ci' })
    expect(world.asked).toEqual([])
  })

  it('is the only way in where no JWT secret is set', async () => {
    auth = world.authenticator({ accessTokens: undefined })
    expect(await bearer(ciAdmin.token)).toMatchObject({ name: 'ci' })
    await expect(bearer(await gatewayToken())).rejects.toBeInstanceOf(UnauthenticatedError)
    await expect(auth.login(ROOT.email, PASSWORD, ADDRESS)).rejects.toBeInstanceOf(ForbiddenError)
  })
})

describe('an access token', () => {
  it('of the gateway makes its admin the viewer', async () => {
    expect(await bearer(await gatewayToken())).toEqual(ROOT_VIEWER)
  })

  it.each<[string, AdminAccount[]]>([
    ['given a new password', [{ ...ROOT, passwordHash: hashSync('another', 4) }]],
    ['bound to another directory (LDAP), so that it has no password', [{ ...ROOT, passwordHash: null }]],
    ['inactive', [{ ...ROOT, isActive: false }]],
    ['marked as deleted', [{ ...ROOT, isDeleted: true }]],
    ['gone', []],
  ])('ends with the request after its user is %s', async (_, accounts) => {
    const token = await loggedIn()
    expect(await bearer(token)).toEqual(ROOT_VIEWER)
    world.accounts = accounts
    await expect(bearer(token)).rejects.toBeInstanceOf(UnauthenticatedError)
  })

  it('is forbidden with the request after its user is no administrator any more', async () => {
    const token = await loggedIn()
    world.accounts = [{ ...ROOT, role: 'user' }]
    await expect(bearer(token)).rejects.toBeInstanceOf(ForbiddenError)
  })

  it('of somebody who may only read reads', async () => {
    const token = await loggedIn()
    world.accounts = [{ ...ROOT, role: 'audit_admin' }]
    expect(await bearer(token)).toMatchObject({ role: 'AUDIT_ADMIN', canClear: false })
  })

  it('of the gateway does not end with the password, which only the gateway judges', async () => {
    const token = await gatewayToken()
    world.accounts = [{ ...ROOT, passwordHash: 'another' }]
    expect(await bearer(token)).toEqual(ROOT_VIEWER)
  })

  it('ends when it is put on the blacklist', async () => {
    const token = await loggedIn()
    expect(await bearer(token)).toEqual(ROOT_VIEWER)
    world.revoked.add(sha256(token))
    await expect(bearer(token)).rejects.toBeInstanceOf(UnauthenticatedError)
  })

  it('ends when its time is over', async () => {
    const token = await loggedIn()
    world.now += 3_600_000
    await expect(bearer(token)).rejects.toBeInstanceOf(UnauthenticatedError)
  })

  it('that is forged never reaches a store', async () => {
    const forged = await new SignJWT({ user_id: ROOT.id, type: 'access', exp: START / 1000 + 3600 })
      .setProtectedHeader({ alg: 'HS256' })
      .sign(new TextEncoder().encode('a guess'))
    for (const token of [forged, await gatewayToken({ type: 'refresh' }), await gatewayToken({ exp: 1 })]) {
      await expect(bearer(token)).rejects.toBeInstanceOf(UnauthenticatedError)
    }
    expect(world.asked).toEqual([])
  })

  it('is refused in the same words whatever is wrong with it', async () => {
    const revoked = await gatewayToken({ jti: 'revoked' })
    world.revoked.add(sha256(revoked))
    const tokens = [
      revoked,
      await gatewayToken({ user_id: 'nobody' }),
      await gatewayToken({ exp: 1 }),
      'junk',
    ]
    const messages = await Promise.all(
      tokens.map((token) => bearer(token).catch((error: Error) => error.message)),
    )
    expect(new Set(messages).size).toBe(1)
  })
})

describe('while the cache is away', () => {
  it('a token this process has signed is good', async () => {
    const token = await loggedIn()
    world.cacheDown = true
    expect(await bearer(token)).toEqual(ROOT_VIEWER)
  })

  it('a token it has seen good is good', async () => {
    const token = await gatewayToken()
    await bearer(token)
    world.cacheDown = true
    expect(await bearer(token)).toEqual(ROOT_VIEWER)
  })

  it('a token it has never seen cannot be judged', async () => {
    world.cacheDown = true
    const error: unknown = await bearer(await gatewayToken()).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(UnavailableError)
    expect(error).toMatchObject({ code: 'CACHE_UNAVAILABLE' })
  })

  it('a token it has seen revoked stays revoked', async () => {
    const token = await gatewayToken()
    await bearer(token)
    world.revoked.add(sha256(token))
    await bearer(token).catch(() => undefined)
    world.cacheDown = true
    await expect(bearer(token)).rejects.toBeInstanceOf(UnauthenticatedError)
  })

  it('a token whose last good answer arrived after its revocation stays revoked', async () => {
    const token = await gatewayToken()
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    let first = true
    auth = world.authenticator({
      blacklist: {
        ...world.blacklist,
        isRevoked: async (hash) => {
          const answer = world.blacklist.isRevoked(hash)
          if (first) {
            first = false
            await held
          }
          return answer
        },
      },
    })
    const early = bearer(token)
    await vi.waitUntil(() => world.asked.includes('cache'))
    world.revoked.add(sha256(token))
    await expect(bearer(token)).rejects.toBeInstanceOf(UnauthenticatedError)
    release()
    await early
    world.cacheDown = true
    await expect(bearer(token)).rejects.toBeInstanceOf(UnauthenticatedError)
  })

  it('a token of somebody who is no admin was never good', async () => {
    world.accounts = [{ ...ROOT, role: 'user' }]
    const token = await gatewayToken()
    await bearer(token).catch(() => undefined)
    world.accounts = [ROOT]
    world.cacheDown = true
    await expect(bearer(token)).rejects.toMatchObject({ code: 'CACHE_UNAVAILABLE' })
  })

  it('a good token still ends with its time, and with its user', async () => {
    const token = await loggedIn()
    world.cacheDown = true
    world.accounts = [{ ...ROOT, isActive: false }]
    await expect(bearer(token)).rejects.toBeInstanceOf(UnauthenticatedError)
    world.accounts = [ROOT]
    world.now += 3_600_000
    await expect(bearer(token)).rejects.toBeInstanceOf(UnauthenticatedError)
  })

  it('admins can log in', async () => {
    world.cacheDown = true
    expect(await bearer(await loggedIn())).toEqual(ROOT_VIEWER)
  })

  it('and another failure than an outage is passed on, even for a token that is known', async () => {
    const token = await loggedIn()
    world.blacklist.isRevoked = async () => {
      throw new TypeError('a fault of ours')
    }
    await expect(bearer(token)).rejects.toBeInstanceOf(TypeError)
  })
})

it('asks both stores at once, and goes by the blacklist first', async () => {
  const token = await gatewayToken()
  let release = (): void => undefined
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  auth = world.authenticator({
    blacklist: {
      ...world.blacklist,
      async isRevoked(hash) {
        const answer = world.blacklist.isRevoked(hash)
        await held
        return answer
      },
    },
  })
  world.databaseDown = true
  world.revoked.add(sha256(token))
  const answer = bearer(token)
  await vi.waitUntil(() => world.asked.includes('cache') && world.asked.includes('database'))
  release()
  await expect(answer).rejects.toBeInstanceOf(UnauthenticatedError)
})

describe('while the database is away', () => {
  it('a token that it has never confirmed cannot be judged', async () => {
    const token = await gatewayToken()
    world.databaseDown = true
    await expect(bearer(token)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' })
  })

  it('a token that it has confirmed reads on for 15 minutes', async () => {
    const token = await gatewayToken()
    expect(await bearer(token)).toEqual(ROOT_VIEWER)
    world.databaseDown = true
    world.now += 15 * 60_000
    expect(await bearer(token)).toEqual({ ...ROOT_VIEWER, isUnconfirmed: true })
    world.now += 1
    await expect(bearer(token)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' })
    world.databaseDown = false
    expect(await bearer(token)).toEqual(ROOT_VIEWER)
  })

  it('a token that was refused, revoked or sent from another device reads nothing', async () => {
    const [demoted, other] = [await gatewayToken(), await gatewayToken({ jti: 'other' })]
    await bearer(demoted)
    await bearer(other)
    world.accounts = [{ ...ROOT, isActive: false }]
    await expect(bearer(demoted)).rejects.toBeInstanceOf(UnauthenticatedError)
    world.databaseDown = true
    const unavailable = { code: 'DATABASE_UNAVAILABLE' }
    await expect(bearer(demoted)).rejects.toMatchObject(unavailable)
    expect(await bearer(other)).toMatchObject({ isUnconfirmed: true })
    const elsewhere = { ...from(`Bearer ${other}`), deviceId: 'another' }
    await expect(auth.authenticate(elsewhere)).rejects.toMatchObject(unavailable)
    world.revoked.add(sha256(other))
    await expect(bearer(other)).rejects.toBeInstanceOf(UnauthenticatedError)
  })

  it('an open stream does not read on', async () => {
    const token = await gatewayToken()
    await bearer(token)
    world.databaseDown = true
    await expect(auth.review(from(`Bearer ${token}`))).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' })
  })

  it('logins fail as unavailable and do not count as wrong passwords', async () => {
    world.databaseDown = true
    for (let attempt = 0; attempt < 20; attempt++) {
      await expect(auth.login(ROOT.email, PASSWORD, ADDRESS)).rejects.toMatchObject({
        code: 'DATABASE_UNAVAILABLE',
      })
    }
    world.databaseDown = false
    expect(await auth.login(ROOT.email, PASSWORD, ADDRESS)).not.toBeNull()
  })
})

describe('a review of many tokens at once', () => {
  it('reads an account once for all of its tokens, and anew for the next review', async () => {
    const tokens = await Promise.all(Array.from({ length: 50 }, () => gatewayToken()))
    const reads: (() => void)[] = []
    auth = world.authenticator({
      directory: {
        ...world.directory,
        holderOf: async (id) => {
          await new Promise<void>((answer) => reads.push(answer))
          return world.directory.holderOf(id)
        },
      },
    })
    const review = (token: string) => auth.review(from(`Bearer ${token}`))
    const reviewed = Promise.all(tokens.map(review))
    await vi.waitFor(() => expect(world.asked).toHaveLength(50))
    await setImmediate()
    expect(reads).toHaveLength(1)
    reads.pop()?.()
    expect(new Set([(await reviewed)[49]])).toEqual(new Set([ROOT_VIEWER]))

    world.accounts = []
    const again = review(tokens[0] ?? '')
    await vi.waitFor(() => expect(reads).toHaveLength(1))
    reads.pop()?.()
    await expect(again).rejects.toBeInstanceOf(UnauthenticatedError)
  })
})

describe('a sign-out', () => {
  const signOut = async (token: string) => (await auth.signOut(`Bearer ${token}`))()

  it('ends a token at every instance, for the rest of its life', async () => {
    const token = await loggedIn()
    const other = world.authenticator()
    world.now += 600_500
    await signOut(token)
    expect([...world.revoked]).toEqual([sha256(token)])
    expect(world.revokedFor).toBe(3_000)
    for (const instance of [auth, other])
      await expect(instance.authenticate(from(`Bearer ${token}`))).rejects.toBeInstanceOf(
        UnauthenticatedError,
      )
  })

  it('ends a token of the gateway as well', async () => {
    const token = await gatewayToken()
    await signOut(token)
    await expect(bearer(token)).rejects.toBeInstanceOf(UnauthenticatedError)
  })

  it('is remembered while the cache is away', async () => {
    const token = await loggedIn()
    await signOut(token)
    world.cacheDown = true
    await expect(bearer(token)).rejects.toBeInstanceOf(UnauthenticatedError)
  })

  it('fails while the cache is away, and the token stays good', async () => {
    const token = await loggedIn()
    world.cacheDown = true
    await expect(signOut(token)).rejects.toMatchObject({ code: 'CACHE_UNAVAILABLE' })
    expect(await bearer(token)).toEqual(ROOT_VIEWER)
  })

  it.each([ciAdmin.token, dashboard.token, 'ae_made-for-scripts', 'ae-made-for-scripts'])(
    'is refused to a token that others may share: %s',
    async (token) => {
      await expect(auth.signOut(`Bearer ${token}`)).rejects.toBeInstanceOf(ForbiddenError)
      expect(world.revoked.size).toBe(0)
    },
  )
})

describe('management tokens that nobody has made', () => {
  it('reach the database 60 times a minute from one network, and from others still', async () => {
    const attempt = (token: string, address: string) =>
      auth.authenticate({ ...from(`Bearer ae_${token}`), address }).catch((error: Error) => error.name)
    const answers = await Promise.all(Array.from({ length: 100 }, (_, index) => attempt(`${index}`, ADDRESS)))
    expect(answers.filter((name) => name === 'UnauthenticatedError')).toHaveLength(60)
    expect(answers.filter((name) => name === 'RateLimitedError')).toHaveLength(40)
    expect(world.asked).toHaveLength(60)
    expect(await attempt('x', '198.51.100.9')).toBe('UnauthenticatedError')
  })

  it('are not counted while the database cannot tell: who retries in an outage is heard after it', async () => {
    const attempt = (token: string) =>
      auth
        .authenticate({ ...from(`Bearer ae_${token}`), address: ADDRESS })
        .catch((error: Error) => error.name)
    world.databaseDown = true
    for (let n = 0; n < 100; n += 1) expect(await attempt('good')).toBe('UnavailableError')
    world.databaseDown = false
    expect(await attempt('good')).toBe('UnauthenticatedError')
  })
})

describe('login', () => {
  it('gives an admin a token that works', async () => {
    const login = await auth.login(` ${ROOT.email} `, PASSWORD, ADDRESS)
    expect(login).toEqual({
      token: expect.any(String),
      expiresAt: new Date('2026-06-01T13:00:00Z'),
      viewer: ROOT_VIEWER,
    })
    expect(await bearer(login?.token ?? '')).toEqual(ROOT_VIEWER)
  })

  it('takes the username of an administrator without an email', async () => {
    world.accounts = [{ ...ROOT, email: null }]
    expect(await auth.login(` ${ROOT.username} `, PASSWORD, ADDRESS)).toMatchObject({ viewer: ROOT_VIEWER })
  })

  it.each<[string, string, string, Partial<AdminAccount>]>([
    ['an unknown email', 'nobody@example.com', PASSWORD, {}],
    ['a wrong password', ROOT.email, 'wrong', {}],
    ['an empty password', ROOT.email, '', {}],
    ['a password of megabytes', ROOT.email, 'x'.repeat(5_000_000), {}],
    ['somebody who is no admin', ROOT.email, PASSWORD, { role: 'user' }],
    ['an inactive admin', ROOT.email, PASSWORD, { isActive: false }],
    ['a deleted admin', ROOT.email, PASSWORD, { isDeleted: true }],
    ['an admin with a malformed hash', ROOT.email, PASSWORD, { passwordHash: PASSWORD }],
    ['an admin of another directory (LDAP, OAuth)', ROOT.email, PASSWORD, { passwordHash: null }],
  ])('says the same, null, to %s', async (_, email, password, change) => {
    world.accounts = [{ ...ROOT, ...change }]
    expect(await auth.login(email, password, ADDRESS)).toBeNull()
  })

  it.each(['root@example.com\0', 'x'.repeat(321)])(
    'does not ask the database for what is no email',
    async (email) => {
      expect(await auth.login(email, PASSWORD, ADDRESS)).toBeNull()
      expect(world.asked).toEqual([])
    },
  )

  it('compares one password for each attempt, whoever it is for', async () => {
    const compared: (string | undefined)[] = []
    auth = world.authenticator({
      passwords: {
        verify: async (_, stored) => {
          compared.push(stored)
          return false
        },
      },
    })
    world.accounts = [ROOT, { ...ROOT, email: 'old@example.com', isDeleted: true }]
    for (const email of [ROOT.email, 'old@example.com', 'nobody@example.com', 'x'.repeat(500)]) {
      await auth.login(email, 'wrong', ADDRESS)
    }
    expect(compared).toEqual([PASSWORD_HASH, PASSWORD_HASH, undefined, undefined])
  })

  it('lets five of a hundred guesses through when they come at once, and then not even the right one', async () => {
    let compared = 0
    const passwords = createPasswordVerifier({ sampleHash: world.directory.sampleHash })
    auth = world.authenticator({
      passwords: {
        verify: (password, stored) => {
          compared++
          return passwords.verify(password, stored)
        },
      },
    })
    const guesses = Array.from({ length: 100 }, (_, index) =>
      auth.login(ROOT.email, `guess ${index}`, ADDRESS),
    )
    const results = await Promise.allSettled(guesses)
    expect(results.filter((result) => result.status === 'fulfilled' && result.value === null)).toHaveLength(5)
    const refused = results.flatMap((result) =>
      result.status === 'rejected' ? [result.reason as unknown] : [],
    )
    expect(refused).toHaveLength(95)
    expect(refused.every((reason) => reason instanceof RateLimitedError)).toBe(true)
    expect(compared).toBe(5)
    await expect(auth.login(ROOT.email, PASSWORD, '198.51.100.9')).rejects.toBeInstanceOf(RateLimitedError)
  })

  it('does not count admins who log in often', async () => {
    for (let login = 0; login < 10; login++) expect(await loggedIn()).toBeTruthy()
  })

  it('never says a secret in an error', async () => {
    for (let attempt = 0; attempt < 5; attempt++) await auth.login(ROOT.email, 'canary-password', ADDRESS)
    const error: unknown = await auth
      .login(ROOT.email, 'canary-password', ADDRESS)
      .catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(RateLimitedError)
    const said = `${String(error)} ${JSON.stringify(error)} ${error instanceof Error ? error.stack : ''}`
    for (const secret of ['canary-password', PASSWORD_HASH, SECRET, ROOT.email])
      expect(said).not.toContain(secret)
  })
})
