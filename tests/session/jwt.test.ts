import { createHmac, generateKeyPairSync } from 'node:crypto'
import { decodeJwt, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { ConfigurationError, UnauthenticatedError } from '../../src/errors.js'
import { createAccessTokens } from '../../src/session/jwt.js'

const SECRET = 'fixture-jwt-secret'
const NOW = Date.parse('2026-06-01T12:00:00Z')
const NOW_SECONDS = NOW / 1000
const HOUR = 3600

const keyOf = (secret: string) => new TextEncoder().encode(secret)
const tokens = createAccessTokens(SECRET, { ttlSeconds: HOUR, now: () => NOW })

const GOOD = { user_id: 'u-1', type: 'access', exp: NOW_SECONDS + HOUR }

const USER = { id: 'u-2', passwordHash: '$2b$12$hash' }
/** What a token of our own carries beside the gateway's claims. */
const OWN = { ...GOOD, iss: 'affinityql', pwd: 'mark' }

const signed = (payload: JWTPayload, { alg = 'HS256', secret = SECRET } = {}): Promise<string> =>
  new SignJWT(payload).setProtectedHeader({ alg }).sign(keyOf(secret))

async function refusal(token: string): Promise<UnauthenticatedError> {
  const error: unknown = await tokens.verify(token).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof UnauthenticatedError)) throw new Error('the token was not refused')
  return error
}

describe('an access token', () => {
  it('of the gateway names the user and when it expires', async () => {
    expect(await tokens.verify(await signed(GOOD))).toEqual({
      userId: 'u-1',
      expiresAt: new Date('2026-06-01T13:00:00Z'),
      sessionId: null,
      passwordMark: null,
    })
    const later = { session_id: 's-1', created_at: '2026-01-01T00:00:00+00:00', role: 'admin' }
    expect(await tokens.verify(await signed({ ...GOOD, ...later }))).toMatchObject({
      sessionId: 's-1',
      createdAt: later.created_at,
      role: 'admin',
    })
  })

  it('made by another hand (Python, with hmac and base64) is read as well', async () => {
    const byPython =
      'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VyX2lkIjoidS0xIiwidHlwZSI6ImFjY2VzcyIsImV4cCI6MTc4MDMxODgwMH0.bR5zzOE1SRO1gQEIyP8iA9KnelcNrCBrMsLiE2tnjuo'
    expect(await tokens.verify(byPython)).toMatchObject({ userId: 'u-1' })
  })

  it('signed here holds for its time to live', async () => {
    const { token, expiresAt } = await tokens.sign(USER)
    expect(expiresAt).toEqual(new Date('2026-06-01T13:00:00Z'))
    expect(decodeJwt(token)).toMatchObject({
      iss: 'affinityql',
      user_id: 'u-2',
      type: 'access',
      exp: NOW_SECONDS + HOUR,
    })
    expect(await tokens.verify(token)).toMatchObject({ userId: 'u-2', expiresAt })
  })

  it('is another for each session, even in one second', async () => {
    const [first, second] = await Promise.all([tokens.sign(USER), tokens.sign(USER)])
    expect(first.token).not.toBe(second.token)
  })

  it('signed here is bound to the password’s hash, which nobody can read from it', async () => {
    const { token } = await tokens.sign(USER)
    const { passwordMark } = await tokens.verify(token)
    expect(tokens.isMarkOf(passwordMark ?? '', USER.passwordHash)).toBe(true)
    expect(tokens.isMarkOf(passwordMark ?? '', `${USER.passwordHash}x`)).toBe(false)
    expect(tokens.isMarkOf(passwordMark ?? '', null)).toBe(false)
    const other = createAccessTokens('another', { ttlSeconds: HOUR, now: () => NOW })
    expect(other.isMarkOf(passwordMark ?? '', USER.passwordHash)).toBe(false)
  })

  it('holds until the second it expires in', async () => {
    expect(await tokens.verify(await signed({ ...GOOD, exp: NOW_SECONDS + 1 }))).toMatchObject({
      userId: 'u-1',
    })
    await refusal(await signed({ ...GOOD, exp: NOW_SECONDS }))
  })

  it('cannot be signed with an empty secret', () => {
    expect(() => createAccessTokens('', { ttlSeconds: HOUR })).toThrow(ConfigurationError)
  })
})

describe('refused is a token', () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

  it.each<[string, () => Promise<string> | string]>([
    ['with a NUL in the user’s id, which no database takes', () => signed({ ...GOOD, user_id: 'u\0' })],
    ['with alg none', () => new UnsecuredJWT(GOOD).encode()],
    [
      'with alg none and a signature',
      async () => `${part({ alg: 'none' })}.${part(GOOD)}.${(await signed(GOOD)).split('.')[2]}`,
    ],
    [
      'with alg None',
      async () => `${part({ alg: 'None' })}.${part(GOOD)}.${(await signed(GOOD)).split('.')[2]}`,
    ],
    ['with HS384', () => signed(GOOD, { alg: 'HS384', secret: SECRET.repeat(3) })],
    ['with HS512', () => signed(GOOD, { alg: 'HS512', secret: SECRET.repeat(4) })],
    ['with RS256', () => new SignJWT(GOOD).setProtectedHeader({ alg: 'RS256' }).sign(privateKey)],
    ['of another key', () => signed(GOOD, { secret: 'fixture-jwt-secreu' })],
    ['that has expired', () => signed({ ...GOOD, exp: NOW_SECONDS - 1 })],
    ['that is not valid yet', () => signed({ ...GOOD, nbf: NOW_SECONDS + 1 })],
    ['that never expires', () => signed({ user_id: 'u-1', type: 'access' })],
    ['that expires beyond all dates', () => signed({ ...GOOD, exp: 1e300 })],
    ['for a refresh', () => signed({ ...GOOD, type: 'refresh' })],
    ['of no type', () => signed({ user_id: 'u-1', exp: GOOD.exp })],
    ['of two types', () => signed({ ...GOOD, type: ['access'] })],
    ['of no user', () => signed({ type: 'access', exp: GOOD.exp })],
    ['of an empty user', () => signed({ ...GOOD, user_id: '' })],
    ['of a numbered user', () => signed({ ...GOOD, user_id: 1 })],
    ['of an object as user', () => signed({ ...GOOD, user_id: { contains: '' } })],
    ['over 8 KiB', () => signed({ ...GOOD, padding: 'x'.repeat(8192) })],
    [
      'with a changed claim',
      async () => {
        const [head, , signature] = (await signed({ ...GOOD, user_id: 'u-9' })).split('.')
        return `${head}.${part(GOOD)}.${signature}`
      },
    ],
    ['of our own without the mark of a password', () => signed({ ...GOOD, iss: OWN.iss })],
    ['of our own whose mark is a list', () => signed({ ...OWN, pwd: ['mark'] })],
    ['of our own that lives longer than ours do', () => signed({ ...OWN, exp: OWN.exp + 61 })],
    ['that is empty', () => ''],
    ['that is junk', () => 'not.a.token'],
    ['that is two dots', () => '..'],
  ])('%s', async (_, make) => {
    const error = await refusal(await make())
    expect(error.message).toBe('The token is invalid, expired or revoked.')
  })

  it.each([
    ['its expiry as text', { exp: `${NOW_SECONDS + HOUR}` }],
    ['its not-before as text', { nbf: 'never' }],
  ])('with %s', async (_, claims) => {
    const key = keyOf(SECRET)
    const payload = part({ ...GOOD, ...claims })
    const input = `${part({ alg: 'HS256' })}.${payload}`
    await refusal(`${input}.${createHmac('sha256', key).update(input).digest('base64url')}`)
  })

  it('written another way: its hash would not be on the blacklist', async () => {
    const token = await signed(GOOD)
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const last = alphabet.indexOf(token.slice(-1))
    // The signature's last character carries two bits that decode to nothing.
    const spellings = [1, 2, 3].map((bits) => token.slice(0, -1) + alphabet[last | bits])
    for (const other of [...spellings, `${token}=`, `${token}\n`, `${token}.`, ` ${token}`])
      await refusal(other)
    expect(await tokens.verify(token)).toMatchObject({ userId: 'u-1' })
  })

  it('and the error holds nothing of it', async () => {
    const token = await signed({ ...GOOD, type: 'refresh', user_id: 'canary-user' })
    const error = await refusal(token)
    expect(error.cause).toBeUndefined()
    for (const secret of [...token.split('.'), 'canary-user', SECRET]) {
      expect(`${error.message} ${error.stack} ${JSON.stringify(error)}`).not.toContain(secret)
    }
  })
})
