import { serverAudits } from 'graphql-http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type HttpServer, listen } from '../../src/server/http/http-server.js'
import { ADMIN_TOKEN, startTestApp, type TestApp } from '../support/app.js'

/** Number of the checks in graphql-http 1.23; a later version may have more, and all must pass. */
const AUDITS = 61

describe('GraphQL over HTTP, as the working draft of its specification has it', () => {
  let service: TestApp
  let server: HttpServer
  beforeAll(async () => {
    service = await startTestApp()
    server = await listen(service.app, '127.0.0.1', 0)
  })
  afterAll(async () => {
    await server.close(0)
    await service.close()
  })

  const audits = serverAudits({
    url: () => `${server.url}/graphql`,
    fetchFn: (input: string, init: RequestInit = {}) => {
      const headers = new Headers(init.headers)
      headers.set('authorization', `Bearer ${ADMIN_TOKEN}`)
      return fetch(input, { ...init, headers })
    },
  })

  it('is audited in full', () => {
    expect(audits).toHaveLength(AUDITS)
  })

  it.each(audits.map((audit) => [`${audit.id} ${audit.name}`, audit] as const))('%s', async (_, audit) => {
    const result = await audit.fn()
    expect(result.status === 'ok' ? 'ok' : result.reason).toBe('ok')
  })
})
