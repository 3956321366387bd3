import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sql } from '../api/affinity-model.js'
import { untilShown } from '../api/shown.js'
import { writePin } from '../support/pin.js'
import { affinityql, startServer, type TestServer } from './support.js'

let server: TestServer
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())

/** Every run counts only: the tests share one server. */
const dryRun = (...args: string[]) => affinityql(['clear', ...args, '--dry-run', '--json'], { server })

const pinnedTo = async (filter: string): Promise<number> =>
  (await server.query(`{ affinities(filter: ${filter}) { totalCount } }`)).data.affinities.totalCount

interface Row {
  readonly id: string
  readonly name: string
  readonly displayName: string
}
const rowsOf = async (list: 'providers' | 'globalModels'): Promise<readonly [Row, Row, ...Row[]]> =>
  (await server.query(`{ ${list} { nodes { id name displayName affinityCount } } }`)).data[list].nodes.sort(
    (a: { affinityCount: number }, b: { affinityCount: number }) => b.affinityCount - a.affinityCount,
  )

describe('affinityql clear provider', () => {
  it('takes an id, a name or a display name, in any case', async () => {
    const [{ id, name, displayName }] = await rowsOf('providers')
    const pins = await pinnedTo(`{ providerId: "${id}" }`)
    expect(pins).toBeGreaterThan(0)
    for (const text of [id, name, displayName, displayName.toUpperCase()]) {
      const { code, stdout } = await dryRun('provider', text)
      expect(JSON.parse(stdout)).toMatchObject({ providerId: id, clearedCount: pins, dryRun: true })
      expect(code).toBe(0)
    }
  })

  it('takes the id of a provider that has no row any more, and only if something is pinned to it', async () => {
    await writePin(server.redis.client(), { affinityKey: 'orphan', providerId: 'gone-without-a-row' })
    await untilShown(server)
    const { stdout } = await dryRun('provider', 'gone-without-a-row')
    expect(JSON.parse(stdout)).toMatchObject({ clearedCount: 1 })
    const unknown = await dryRun('provider', 'never-was-a-row')
    expect(unknown.code).toBe(3)
    expect(JSON.parse(unknown.stdout)).toMatchObject({ __typename: 'NotFoundError', code: 'NOT_FOUND' })
  })

  it('names those that have the text in their names, and clears nothing of them', async () => {
    const [{ id, displayName }] = await rowsOf('providers')
    const { code, stdout, stderr } = await affinityql(
      ['clear', 'provider', displayName.slice(0, -1), '--yes'],
      {
        server,
      },
    )
    expect(stderr).toMatch(
      /^These providers have the text in a name or an id:\nNAME +ALSO +ACTIVE +AFFINITIES +ID\n/,
    )
    expect(stderr).toContain(id)
    expect(stderr).toMatch(/Nothing was cleared: none of the providers has this name or id/)
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
  })

  it('asks for an id where two have the name', async () => {
    const [one, two] = await rowsOf('providers')
    await sql(server.databaseUrl, 'UPDATE providers SET display_name = $1 WHERE id = ANY($2)', [
      'Twin',
      [one.id, two.id],
    ])
    const { code, stderr } = await affinityql(['clear', 'provider', 'Twin', '--yes'], { server })
    expect(stderr).toMatch(/^They are:\n/)
    for (const { id } of [one, two]) expect(stderr).toContain(id)
    expect(stderr).toMatch(/several providers have the name Twin\. Give the id of one\.\n$/)
    expect(code).toBe(3)
    expect((await dryRun('provider', one.name)).code).toBe(0)
  })
})

describe('affinityql clear model', () => {
  it('takes an id, a name or a display name, and counts pins under every name of the model', async () => {
    const [{ id, name, displayName }] = await rowsOf('globalModels')
    const pins = await pinnedTo(`{ globalModelId: "${id}" }`)
    expect(pins).toBeGreaterThan(0)
    for (const text of [id, name, displayName]) {
      const { code, stdout } = await dryRun('model', text)
      expect(JSON.parse(stdout)).toMatchObject({ clearedCount: pins })
      expect(code).toBe(0)
    }
  })

  it('takes a name that only cache keys have', async () => {
    await writePin(server.redis.client(), { affinityKey: 'old', modelId: 'a name of long ago' })
    await untilShown(server)
    expect(JSON.parse((await dryRun('model', 'a name of long ago')).stdout)).toMatchObject({
      clearedCount: 1,
    })
    expect((await dryRun('model', 'a name of never')).code).toBe(3)
    expect((await dryRun('model', 'x'.repeat(300))).code).toBe(3)
  })
})

describe('affinityql clear user', () => {
  it('names the users that may have been meant', async () => {
    const { code, stderr } = await affinityql(['clear', 'user', 'alic', '--yes'], { server })
    expect(stderr).toMatch(/These users have the text in a name or an id:\nNAME +ALSO +ACTIVE +ID\nalice /)
    expect(code).toBe(3)
  })
})
