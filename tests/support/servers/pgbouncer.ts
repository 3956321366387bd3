import { chownSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { findProgram } from '../../../scripts/ensure-services.mjs'
import { freePort, ServerProcess, temporaryDirectory } from './child.js'
import { account } from './postgres.js'

export interface PgBouncerOptions {
  /** Settings of sessions that it drops without a word; it refuses all others. */
  readonly ignores?: string
  readonly poolSize?: number
}

/** Starts a PgBouncer in transaction mode, which ends with the test, in front of this database. @returns the URL through it */
export async function startPgBouncer(databaseUrl: string, options: PgBouncerOptions = {}): Promise<string> {
  const url = new URL(databaseUrl)
  const directory = temporaryDirectory('pgbouncer')
  const port = await freePort()
  const file = (name: string, text: string) => {
    const path = join(directory, name)
    writeFileSync(path, text)
    return path
  }
  const users = file('users', `"${decodeURIComponent(url.username)}" ""\n`)
  const config = file(
    'pgbouncer.ini',
    `[databases]
* = host=${url.hostname} port=${url.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = trust
auth_file = ${users}
pool_mode = transaction
default_pool_size = ${options.poolSize ?? 3}
ignore_startup_parameters = ${options.ignores ?? 'extra_float_digits'}
`,
  )
  const user = account()
  if (user) chownSync(directory, user.uid, user.gid)
  const command = findProgram('pgbouncer') ?? '/usr/sbin/pgbouncer'
  const child = new ServerProcess({ command, args: ['-q', config], ...(user && { user: user.name }) }, () =>
    listens(port),
  )
  await child.start()
  onTestFinished(() => child.end('SIGKILL'))
  url.port = String(port)
  return url.href
}

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
