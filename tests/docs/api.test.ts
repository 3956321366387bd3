import { readFileSync } from 'node:fs'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { schema } from '../../src/schema/index.js'
import { PUBLIC_CODES } from '../../src/server/mask-error.js'
import { sql } from '../api/affinity-model.js'
import { againAndAgain } from '../support/again-and-again.js'
import { startTestApp, type TestApp } from '../support/app.js'
import { FIXTURE_ADMIN } from '../support/fixtures.js'
import { writePin } from '../support/pin.js'
import { freshDatabase } from '../support/servers/shared.js'
import { subscribe } from '../support/subscribe.js'
import { ENDPOINT_KEYS_USAGE } from '../usage/usage-table.js'

const text = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8')

const EVENT_ID = '3e0f9f1c-1f39-4d0c-a7a8-9a1d3c1b6a55'
const CLEAR_NOTHING =
  'mutation { clearProviderCache(providerId: "none") { ... on ClearPayload { auditEvent { id } } } }'
const OURS = "description LIKE '%via affinityql'"

interface Example {
  readonly title: string
  readonly document: string
  readonly variables: object
}

/** Each graphql block under its heading, with the json block that follows it at once. */
const examples: Example[] = [...text.matchAll(/```graphql\n([\s\S]*?)```(?:\n```json\n([\s\S]*?)```)?/g)].map(
  (match) => ({
    title: /### (.+)\n(?![\s\S]*### )/.exec(text.slice(0, match.index))?.[1] ?? '',
    document: match[1] ?? '',
    variables: JSON.parse(match[2] ?? '{}'),
  }),
)

describe('docs/api.md', () => {
  let service: TestApp
  beforeAll(async () => {
    const databaseUrl = freshDatabase()
    await sql(databaseUrl, ENDPOINT_KEYS_USAGE)
    service = await startTestApp({ databaseUrl })
    // What was tried has an id of its own in every service; here it is the example's.
    await service.query('mutation { clearUserCache(identifier: "alice", dryRun: true) { __typename } }')
    await sql(service.databaseUrl, `UPDATE audit_logs SET id = '${EVENT_ID}' WHERE ${OURS}`)
  })
  afterAll(() => service.close())

  it('has an example of every query, mutation and subscription', () => {
    const documented = examples.map(({ document }) => document).join('\n')
    for (const type of [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]) {
      for (const field of Object.keys(type?.getFields() ?? {}))
        expect(documented).toMatch(new RegExp(`\\b${field}\\b`))
    }
  })

  it.each(examples.filter(({ document }) => !document.startsWith('subscription')))(
    'shows for $title what really works',
    async ({ document, variables }) => {
      // A static token cannot be signed out.
      const token = document.includes('logout') ? await sessionToken(service) : undefined
      const { data, errors } = await service.query(document, variables, token === undefined ? {} : { token })
      expect(errors).toEqual([])
      for (const field of Object.values(data)) expect(field).not.toBeNull()
    },
  )

  it.each(examples.filter(({ document }) => document.startsWith('subscription')))(
    'shows for $title what really comes',
    async ({ document }) => {
      const { data } = await service.query(CLEAR_NOTHING)
      const cleared = data.clearProviderCache.auditEvent.id
      const { data: told, errors } = await firstEvent(service, document.replace(EVENT_ID, cleared))
      expect(errors).toBeUndefined()
      expect(Object.values(told ?? {})).toEqual([expect.any(Object)])
    },
  )

  it('explains every error code that a client can meet', () => {
    expect(PUBLIC_CODES.filter((code) => !text.includes(`\`${code}\``))).toEqual([])
  })
})

/** The first that a subscription says, while an affinity is used again and again. */
async function firstEvent(service: TestApp, query: string) {
  const stream = await subscribe(service, query)
  const client = service.redis.client()
  let used = 0
  const stopTraffic = againAndAgain(20, async () => use(client, ++used))
  try {
    await vi.waitFor(() => expect(stream.answers()).not.toEqual([]), { timeout: 60_000, interval: 20 })
    return stream.answers()[0] as { data?: object; errors?: unknown }
  } finally {
    await stopTraffic()
  }
}

const use = (client: Redis, times: number) =>
  writePin(client, { affinityKey: 'documented', requestCount: times })

async function sessionToken(service: TestApp): Promise<string> {
  const login =
    'mutation ($email: String!, $password: String!) { login(email: $email, password: $password) { ... on Session { token } } }'
  return (await service.query(login, { email: FIXTURE_ADMIN.email, password: FIXTURE_ADMIN.password })).data
    .login.token
}
