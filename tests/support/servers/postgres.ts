import { chmodSync, chownSync, existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { findPostgresDirectory } from '../../../scripts/ensure-services.mjs'
import { freePort, removeDirectory, run, ServerProcess, temporaryDirectory } from './child.js'

export interface PostgresServer {
  readonly port: number
  /** The maintenance database, `postgres`. */
  readonly url: string
  /** CREATE DATABASE, empty or as a copy of `template`; its URL. */
  createDatabase(name: string, template?: string): string
  /** Runs SQL with psql and returns its unaligned output without headers. Throws at the first error. */
  psql(url: string, sql: string): string
  /** pg_dump of this database. */
  dump(url: string, ...args: string[]): string
  /** Ends it and removes its data. */
  stop(): Promise<void>
  /** Ends it at once, as a crash would; restart() brings it back with its data. */
  kill(): Promise<void>
  /** SIGSTOP of the server and all its sessions: connections stay open and nothing answers. */
  pause(): void
  resume(): void
  restart(): Promise<void>
}

export const postgresTool = (tool: string): string => {
  const directory = findPostgresDirectory()
  if (directory === undefined)
    throw new Error('PostgreSQL is not installed: node scripts/ensure-services.mjs')
  return join(directory, tool)
}

/** psql with SQL on its standard input. */
export const psql = (url: string, sql: string): string =>
  run({ command: postgresTool('psql'), args: ['-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', url] }, sql)

/** A copy of files is the quicker way for small databases. PostgreSQL 14 and earlier know no other, and no word for it. */
const STRATEGY = `SELECT CASE WHEN current_setting('server_version_num')::int >= 150000 THEN 'STRATEGY file_copy' ELSE '' END AS strategy \\gset\n`

/** Makes databases on the server of `adminUrl`, empty or as copies of `template`. */
export function createDatabases(adminUrl: string, names: readonly string[], template = 'template0'): void {
  const statements = names.map((name) => `CREATE DATABASE "${name}" TEMPLATE "${template}" :strategy;\n`)
  psql(adminUrl, STRATEGY + statements.join(''))
}

/** Makes one, and returns its URL. */
export function createDatabase(adminUrl: string, name: string, template?: string): string {
  createDatabases(adminUrl, [name], template)
  const url = new URL(adminUrl)
  url.pathname = `/${name}`
  return url.href
}

/** pg_dump of this database. */
export const dump = (url: string, ...args: string[]): string =>
  // PostgreSQL 15.14 and later print a random word in \restrict lines.
  run({ command: postgresTool('pg_dump'), args: [url, ...args] }).replace(/^\\(un)?restrict .*$/gm, '')

// PostgreSQL and PgBouncer refuse to run as root.
export const account = (): { name: string; uid: number; gid: number } | undefined => {
  if (process.getuid?.() !== 0) return undefined
  for (const name of ['postgres', 'nobody']) {
    try {
      const id = (flag: string) => Number(run({ command: 'id', args: [flag, name] }))
      return { name, uid: id('-u'), gid: id('-g') }
    } catch {}
  }
  throw new Error('PostgreSQL needs a user other than root: neither postgres nor nobody exists.')
}

const SETTINGS = {
  // Enough to keep what was committed when the server is killed, if not the machine.
  fsync: 'off',
  full_page_writes: 'off',
  // A run has hundreds of databases: something would look into another one ten times a second, and change plans at any time.
  autovacuum: 'off',
  max_connections: '60',
  shared_buffers: '32MB',
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
}

export interface PostgresOptions {
  readonly settings?: Readonly<Record<string, string>>
  /** A directory that keeps its data, which may have some already. Default: one that is removed at the end. */
  readonly keptIn?: string | undefined
}

/** A PostgreSQL of its own on a free port. It takes some 2 s; for most tests a database of the shared one will do. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const user = account()
  const directory = options.keptIn ?? temporaryDirectory('postgres')
  mkdirSync(directory, { recursive: true })
  if (user) chownSync(directory, user.uid, user.gid)
  const as = user ? { user: user.name } : {}
  const data = join(directory, 'data')
  const port = await freePort()
  const initArguments = [
    '-D',
    data,
    '-U',
    'postgres',
    '-A',
    'trust',
    '-E',
    'UTF8',
    '--locale=C',
    '--no-sync',
    '--no-instructions',
  ]
  if (!existsSync(data)) run({ command: postgresTool('initdb'), args: initArguments, ...as })
  chmodSync(directory, 0o755)

  const url = `postgresql://postgres@127.0.0.1:${port}/postgres`
  const settings = Object.entries({ ...SETTINGS, ...options.settings }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ])
  const child = new ServerProcess(
    { command: postgresTool('postgres'), args: ['-D', data, '-p', `${port}`, ...settings], ...as },
    () => /ready to accept (read-only )?connections/.test(child.output),
  )
  await child.start()

  const signalAll = (signal: NodeJS.Signals) => {
    const { pid } = child
    if (pid === undefined) return
    child.signal(signal)
    for (const session of sessionsOf(pid)) {
      try {
        process.kill(session, signal)
      } catch {
        // It ended by itself since it was listed.
      }
    }
  }

  // An immediate shutdown: no goodbye to clients and no checkpoint, as in a crash, but nothing is left behind.
  const end = () => {
    signalAll('SIGCONT')
    return child.end('SIGQUIT')
  }

  return {
    port,
    url,
    createDatabase: (name, template) => createDatabase(url, name, template),
    psql,
    dump,
    async stop() {
      await end()
      if (options.keptIn === undefined) removeDirectory(directory)
    },
    kill: end,
    pause: () => signalAll('SIGSTOP'),
    resume: () => signalAll('SIGCONT'),
    async restart() {
      await end()
      await child.start()
    },
  }
}

function sessionsOf(postmaster: number): number[] {
  const lines = run({ command: 'ps', args: ['-A', '-o', 'pid=,ppid='] })
    .trim()
    .split('\n')
  return lines
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([, parent]) => parent === postmaster)
    .map(([pid]) => pid ?? 0)
}
