import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort, removeDirectory, run, ServerProcess, temporaryDirectory } from './child.js'
import { type RedisServer, redisPrograms, startRedis } from './redis.js'

export interface SentinelServers {
  /** The name of the group the sentinels watch. */
  readonly name: string
  readonly sentinels: readonly { readonly host: string; readonly port: number }[]
  /** The master and the replica of the start; a failover swaps their roles. */
  readonly master: RedisServer
  readonly replica: RedisServer
  /** The port of the master that the sentinels now name. */
  masterPort(): number
  /** Waits until the sentinels name another master than this one, 20 s at most. */
  untilMasterIsNot(port: number): Promise<void>
  stop(): Promise<void>
}

const NAME = 'gateway'

/** One master, one replica, three sentinels that fail over after a master has been silent for 1 s. */
export async function startSentinel(): Promise<SentinelServers> {
  // By default a replica's first copy starts after 5 s.
  const quick = ['--repl-diskless-sync-delay', '0']
  const master = await startRedis({ args: quick })
  const replica = await startRedis({ args: [...quick, '--replicaof', '127.0.0.1', `${master.port}`] })
  const directory = temporaryDirectory('sentinel')
  const { server, cli } = redisPrograms()
  const startOne = async () => {
    const port = await freePort()
    const file = join(directory, `${port}.conf`)
    const rules = [
      'down-after-milliseconds gateway 1000',
      'failover-timeout gateway 3000',
      'parallel-syncs gateway 1',
    ]
    const lines = [`port ${port}`, 'bind 127.0.0.1', `sentinel monitor ${NAME} 127.0.0.1 ${master.port} 2`]
    writeFileSync(file, [...lines, ...rules.map((rule) => `sentinel ${rule}`), ''].join('\n'))
    const child = new ServerProcess({ command: server, args: [file, '--sentinel'] }, () =>
      child.output.includes('+monitor'),
    )
    await child.start()
    return { port, child }
  }
  const sentinels = await Promise.all([startOne(), startOne(), startOne()])
  const ask = (port: number, ...args: string[]) =>
    run({ command: cli, args: ['-p', `${port}`, 'sentinel', ...args] }).trim()
  const until = async (holds: () => boolean, what: string) => {
    const deadline = Date.now() + 20_000
    while (!holds()) {
      if (Date.now() > deadline) throw new Error(`The sentinels did not ${what}.`)
      await sleep(50)
    }
  }
  const knowsAll = (port: number) =>
    ask(port, 'ckquorum', NAME).includes('OK 3') && ask(port, 'replicas', NAME) !== ''
  await until(() => sentinels.every(({ port }) => knowsAll(port)), 'find each other')
  await until(
    () => replica.cli('info', 'replication').includes('master_link_status:up'),
    'find a replica that has copied',
  )
  const masterPort = () =>
    Number(ask(sentinels[0]?.port ?? 0, 'get-master-addr-by-name', NAME).split('\n')[1])

  return {
    name: NAME,
    sentinels: sentinels.map(({ port }) => ({ host: '127.0.0.1', port })),
    master,
    replica,
    masterPort,
    untilMasterIsNot: (port) => until(() => masterPort() !== port, 'fail over'),
    async stop() {
      await Promise.all(sentinels.map(({ child }) => child.end('SIGKILL')))
      await Promise.all([master.stop(), replica.stop()])
      removeDirectory(directory)
    },
  }
}
