import { describe, expect, it } from 'vitest'
import { createRedactor, nearMisses } from '../../src/config/reader.js'
import { GATEWAY, problemsOf } from './support.js'

describe('a text about the environment', () => {
  const env = {
    ...GATEWAY,
    DATABASE_URL: 'postgresql://gateway:can%61ry-one@db/gateway',
    REDIS_PASSWORD: ' canary-two\n',
    JWT_SECRET_KEY: 'canary-three ',
    PORT: '4000',
  }
  const redact = createRedactor(env)

  it('has no secret, whole or in part, as it is written or as it is meant', () => {
    const text = `${env.DATABASE_URL} can%61ry-one canary-one canary-two canary-three`
    expect(redact(text)).not.toMatch(/canary|can%61ry/)
  })

  it('has all the rest', () => {
    expect(redact('Port 4000 of db is taken.')).toBe('Port 4000 of db is taken.')
  })

  it('tells no secret that stands where it does not belong', () => {
    const problems = problemsOf({
      ...env,
      LOG_LEVEL: 'canary-two',
      PORT: 'redis://:canary-four@cache',
      METRICS_PUBLIC: 'maybe',
    })
    expect(problems).toContain('METRICS_PUBLIC must be true or false; it is "maybe".')
    expect(problems.filter((problem) => /^(LOG_LEVEL|PORT) must be/.test(problem))).toHaveLength(2)
    expect(problems.join()).not.toContain('canary')
  })
})

describe('a name that nothing reads', () => {
  it.each([
    ['two letters that changed places', 'REDIS_TSL', 'REDIS_TLS'],
    ['a letter less', 'REDIS_PASSWRD', 'REDIS_PASSWORD'],
    ['a letter more', 'ADMIN_TOKENSS', 'ADMIN_TOKENS'],
    ['another letter', 'DATABASE_URI', 'DATABASE_URL'],
  ])('is told where it is one slip from one that is not set: %s', (_, name, meant) => {
    expect(nearMisses({ [name]: 'x', PATH: '/bin' })).toEqual([{ name, meant }])
  })

  it('is nobody’s business otherwise', () => {
    expect(nearMisses({ REDIS_TSL: 'x', REDIS_TLS: 'true' })).toEqual([])
    expect(
      nearMisses({ ...GATEWAY, REDIS_HOST: 'x', PATH: '/bin', HOSTS: 'x', TERMS: 'x', REDIS_TSLL: 'x' }),
    ).toEqual([])
  })
})
