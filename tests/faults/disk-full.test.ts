/** A full disk: a small tmpfs that only the service sees. */
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { sql } from '../api/affinity-model.js'
import { ADMIN_TOKEN, ADMIN_TOKENS } from '../support/app.js'
import { FIXTURE_ENVIRONMENT } from '../support/fixtures.js'
import { type ServiceProcess, startProgram } from '../support/process.js'
import { temporaryDirectory } from '../support/servers/child.js'
import { freshDatabase, freshRedis } from '../support/servers/shared.js'
import { startRedisProxy } from './redis-proxy.js'

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
/** Script that mounts the disk and becomes the service. It prints its process id, through which the test reaches the disk. */
const ON_A_SMALL_DISK = 'mount -t tmpfs -o size="$1" tmpfs "$2" && echo "pid $$" && exec "$3" "$4"'

/** True on Linux if the user of the tests may create a mount namespace. */
const MAY_MOUNT = spawnSync('unshare', ['--map-root-user', '--mount', 'true']).status === 0

interface OnSmallDisk {
  readonly service: ServiceProcess
  readonly url: string
  fill(): void
  makeRoom(): void
}

async function startOnDisk(
  size: string,
  env: (disk: string) => Record<string, string>,
): Promise<OnSmallDisk> {
  const disk = join(temporaryDirectory('disk'), 'disk')
  mkdirSync(disk)
  const program = ['unshare', '--map-root-user', '--mount', 'sh', '-c', ON_A_SMALL_DISK, 'sh', size, disk]
  const service = startProgram([...program, process.execPath, MAIN], {
    env: { PORT: '0', ...env(disk) },
    cwd: disk,
  })
  const [, pid = ''] = await service.line(/^pid (\d+)/)
  const [, url = ''] = await service.line(/(http:\/\/127\.0\.0\.1:\d+)\/graphql/)
  const inside = (command: string) =>
    spawnSync('nsenter', [
      '--target',
      pid,
      '--mount',
      '--user',
      '--preserve-credentials',
      'sh',
      '-c',
      command,
    ])
  return {
    service,
    url,
    fill: () => void inside(`cat /dev/zero > ${disk}/fill`),
    makeRoom: () => void inside(`rm ${disk}/fill`),
  }
}

const CLEAR = `mutation { clearProviderCache(providerId: "nobody") {
  ... on ClearProviderCachePayload { clearedCount auditEvent { id success } } ... on Error { code } } }`

const asking = (url: string, token: string) => async (query: string) => {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ query }),
  })
  return response.json()
}

describe.runIf(MAY_MOUNT)('the embedded demo on a full disk', () => {
  it('lists what it has, refuses what it cannot write down, and goes on when there is room', async () => {
    const { service, url, fill, makeRoom } = await startOnDisk('120m', (disk) => ({
      DATA_DIR: `${disk}/data`,
    }))
    const [, token = ''] = await service.line(/token\s+(\S+)/i)
    const ask = asking(url, token)
    fill()
    expect((await ask(CLEAR)).data.clearProviderCache).toEqual({ code: 'DATABASE_UNAVAILABLE' })
    const { data, errors } = await ask('{ affinities { totalCount } auditEvents { totalCount } }')
    expect(errors).toBeUndefined()
    expect(data.affinities.totalCount).toBeGreaterThan(0)
    expect(data.auditEvents).toEqual({ totalCount: 0 })
    makeRoom()
    expect((await ask(CLEAR)).data.clearProviderCache).toMatchObject({ auditEvent: { success: true } })
    service.kill('SIGTERM')
    expect(await service.exit).toBe(0)
  }, 60_000)
})

describe.runIf(MAY_MOUNT)('an audit spool on a full disk', () => {
  it('says with the answer that the outcome is in the log alone, where all of it is', async () => {
    const redis = await freshRedis()
    const proxy = await startRedisProxy(redis.port)
    const databaseUrl = freshDatabase()
    const { service, url, fill } = await startOnDisk('64k', (disk) => ({
      DATABASE_URL: databaseUrl,
      REDIS_URL: proxy.url,
      ...FIXTURE_ENVIRONMENT,
      ADMIN_TOKENS,
      AUDIT_SPOOL_DIR: `${disk}/spool`,
    }))
    fill()
    proxy.onCommand(['unlink'], async () => {
      await sql(databaseUrl, 'ALTER TABLE audit_logs RENAME TO audit_logs_away')
    })
    const { data, extensions } = await asking(
      url,
      ADMIN_TOKEN,
    )(
      'mutation { clearAffinities(filter: { apiFormat: "OPENAI" }) { ... on ClearAffinitiesPayload { clearedCount auditEvent { id } } } }',
    )
    const { clearedCount, auditEvent } = data.clearAffinities
    expect(clearedCount).toBeGreaterThan(0)
    expect(extensions.audit).toMatchObject({ spooled: false, message: expect.stringContaining('log') })
    const { input } = await service.line(/audit outcome is in this line alone/)
    expect(JSON.parse(input)).toMatchObject({
      auditEvent: auditEvent.id,
      outcome: { success: true, result: { clearedCount } },
    })
    expect(
      (await asking(url, ADMIN_TOKEN)('{ affinities { totalCount } }')).data.affinities.totalCount,
    ).toBeGreaterThan(0)
    proxy.stop()
    await redis.stop()
  }, 60_000)
})
