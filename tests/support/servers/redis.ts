import { Redis, type RedisOptions } from 'ioredis'
import { findRedis } from '../../../scripts/ensure-services.mjs'
import { certificates } from './certificates.js'
import { freePort, removeDirectory, run, ServerProcess, temporaryDirectory } from './child.js'

type ClientOptions = Omit<RedisOptions, 'replyMapping'>

export interface RedisServer {
  readonly port: number
  /** redis://, or rediss:// with `tls: true`. */
  readonly url: string
  /** The certificate authority, in PEM, when started with `tls: true`. */
  readonly ca: string | undefined
  /** A plain ioredis client for a test's own reads and writes; closed by stop(). */
  client(options?: ClientOptions): Redis
  /** redis-cli with these arguments; what it printed. */
  cli(...args: string[]): string
  /** Ends it and removes its data. */
  stop(): Promise<void>
  /** Ends it at once, as a crash would; restart() brings it back, empty. */
  kill(): Promise<void>
  /** SIGSTOP: connections stay open and nothing answers. */
  pause(): void
  resume(): void
  restart(): Promise<void>
}

export function redisPrograms(): { server: string; cli: string } {
  const programs = findRedis()
  if (programs === undefined) throw new Error('Redis is not installed: node scripts/ensure-services.mjs')
  return programs
}

/** A Redis of its own on a free port, without persistence. It takes some 30 ms. */
export async function startRedis(
  options: { args?: readonly string[]; tls?: boolean } = {},
): Promise<RedisServer> {
  const { server, cli } = redisPrograms()
  const directory = temporaryDirectory('redis')
  const port = await freePort()
  const tls = options.tls === true ? certificates(directory) : undefined
  const tlsArguments = tls
    ? [
        '--port',
        '0',
        '--tls-port',
        `${port}`,
        '--tls-cert-file',
        tls.certificate,
        '--tls-key-file',
        tls.key,
      ].concat(['--tls-ca-cert-file', tls.authority, '--tls-auth-clients', 'no'])
    : ['--port', `${port}`]
  const cliArguments = ['-p', `${port}`, ...(tls ? ['--tls', '--cacert', tls.authority] : [])]
  const args = ['--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', directory]
  const child = new ServerProcess(
    { command: server, args: [...tlsArguments, ...args, ...(options.args ?? [])] },
    () => child.output.includes('Ready to accept connections'),
  )
  await child.start()
  const clients = new Set<Redis>()

  return {
    port,
    url: `${tls ? 'rediss' : 'redis'}://127.0.0.1:${port}`,
    ca: tls?.authorityPem,
    client(clientOptions = {}) {
      const client = new Redis(port, '127.0.0.1', {
        ...(tls ? { tls: { ca: tls.authorityPem } } : {}),
        ...clientOptions,
      })
      // Tests stop servers on purpose, so that the errors of their clients are expected.
      client.on('error', () => {})
      clients.add(client)
      return client
    },
    cli: (...cliArgs) => run({ command: cli, args: [...cliArguments, ...cliArgs] }),
    async stop() {
      for (const client of clients) client.disconnect()
      await child.end('SIGKILL')
      removeDirectory(directory)
    },
    kill: () => child.end('SIGKILL'),
    pause: () => child.signal('SIGSTOP'),
    resume: () => child.signal('SIGCONT'),
    async restart() {
      await child.end('SIGKILL')
      await child.start()
    },
  }
}
