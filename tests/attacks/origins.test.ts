import { describe, expect, it } from 'vitest'
import { listening } from './http.js'

const bare = { database: 'schema', redis: 'empty' } as const
const body = JSON.stringify({ query: '{ viewer { name } }' })
const granted = (headers: Headers) => [...headers].filter(([name]) => name.startsWith('access-control'))

describe('with CORS_ORIGINS', () => {
  const ours = ['https://ops.example', 'https://other.example:8443']
  const configured = () => listening({ ...bare, env: { CORS_ORIGINS: ours.join(', ') } })
  const json = { 'content-type': 'application/json' }

  it.each(ours)('a page of %s may ask, without credentials of the browser', async (origin) => {
    const server = await configured()
    const preflight = await server.send({
      method: 'OPTIONS',
      token: null,
      headers: { origin, 'access-control-request-method': 'POST' },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-origin')).toBe(origin)
    expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization')
    const reply = await server.send({ body, headers: { ...json, origin } })
    expect([reply.status, reply.headers.get('access-control-allow-origin')]).toEqual([200, origin])
    expect(reply.headers.get('access-control-allow-credentials')).toBeNull()
  })

  it.each([
    'https://evil.example',
    'null',
    'http://ops.example',
    'https://ops.example:444',
    'https://ops.example.evil.example',
    'https://evil.example#https://ops.example',
    'HTTPS://OPS.EXAMPLE',
    ours.join(', '),
  ])('a page of %s is granted nothing', async (origin) => {
    const server = await configured()
    const preflight = await server.send({
      method: 'OPTIONS',
      token: null,
      headers: { origin, 'access-control-request-method': 'POST' },
    })
    expect(granted(preflight.headers)).toEqual([])
    expect(granted((await server.send({ body, headers: { ...json, origin } })).headers)).toEqual([])
  })
})

describe('Strict-Transport-Security', () => {
  const sent = async (env: Record<string, string>, headers: Record<string, string>) => {
    const server = await listening({ ...bare, env })
    const reply = await server.send({ body, headers: { 'content-type': 'application/json', ...headers } })
    return reply.headers.get('strict-transport-security')
  }

  it('is sent where a trusted proxy says that the client came over TLS', async () => {
    expect(await sent({ TRUST_PROXY: '1' }, { 'x-forwarded-proto': 'https' })).toMatch(/^max-age=\d{8}$/)
  })

  it.each<[string, Record<string, string>, Record<string, string>]>([
    ['without TLS', { TRUST_PROXY: '1' }, { 'x-forwarded-proto': 'http' }],
    ['without a word of it', { TRUST_PROXY: '1' }, {}],
    ['where nobody is trusted', {}, { 'x-forwarded-proto': 'https' }],
    ['where another proxy is trusted', { TRUST_PROXY: '10.0.0.1' }, { 'x-forwarded-proto': 'https' }],
  ])('is not sent %s', async (_, env, headers) => {
    expect(await sent(env, headers)).toBeNull()
  })
})
