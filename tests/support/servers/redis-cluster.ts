import { setTimeout as sleep } from 'node:timers/promises'
import { Command, type Redis } from 'ioredis'
import { run, runBeside } from './child.js'
import { type RedisServer, redisPrograms, startRedis } from './redis.js'

export interface RedisClusterServers {
  /** Every node, the masters of the start first. */
  readonly servers: readonly RedisServer[]
  /** Addresses for a client. */
  readonly nodes: readonly { readonly host: string; readonly port: number }[]
  /** The server that is now the master of this key's slot. */
  masterOf(key: string): RedisServer
  /** Moves so many slots with their keys from one of the servers to another, as an operator does, while the test goes on. */
  reshard(slots: number, from: number, to: number): Promise<void>
  /** Waits until every server that runs says `cluster_state:ok`, 20 s at most. */
  untilOk(): Promise<void>
  stop(): Promise<void>
}

const CLUSTER_ARGUMENTS = [
  '--cluster-enabled',
  'yes',
  '--cluster-config-file',
  'nodes.conf',
  '--cluster-node-timeout',
  '1500',
  // A replica that has not yet copied its master cannot take over; by default a copy starts after 5 s.
  '--repl-diskless-sync-delay',
  '0',
]

/** A Redis Cluster on free ports. With replicas a master that dies is replaced after some 2 s. It takes about 3 s to start. */
export async function startRedisCluster(
  options: { masters?: number; replicas?: number; args?: readonly string[] } = {},
): Promise<RedisClusterServers> {
  const { masters = 3, replicas = 1, args = [] } = options
  const starting = Array.from({ length: masters * (1 + replicas) }, () =>
    startRedis({ args: [...CLUSTER_ARGUMENTS, ...args] }),
  )
  const servers = await Promise.all(starting)
  const addresses = servers.map((server) => `127.0.0.1:${server.port}`)
  run({
    command: redisPrograms().cli,
    args: ['--cluster', 'create', ...addresses, '--cluster-replicas', `${replicas}`, '--cluster-yes'],
  })

  const isOk = async (client: Redis): Promise<boolean> => {
    const [nodes, state, replication] = await Promise.all([
      client.call('cluster', 'nodes'),
      client.call('cluster', 'info'),
      client.info('replication'),
    ])
    const shards = String(nodes).trim().split('\n')
    return (
      shards.length === servers.length &&
      shards.filter((line) => line.includes('slave')).length === masters * replicas &&
      String(state).includes('cluster_state:ok') &&
      (replication.includes('role:master') || replication.includes('master_link_status:up'))
    )
  }
  const untilOk = async () => {
    const deadline = Date.now() + 20_000
    // To start redis-cli for each question takes more of the machine than the cluster that is waited for.
    const clients = servers.map((server) => server.client())
    while ((await Promise.all(clients.map(isOk))).includes(false)) {
      if (Date.now() > deadline) throw new Error('The Redis Cluster did not become whole.')
      await sleep(20)
    }
    for (const client of clients) client.disconnect()
  }
  await untilOk()

  return {
    servers,
    nodes: servers.map((server) => ({ host: '127.0.0.1', port: server.port })),
    masterOf(key) {
      const slot = new Command('get', [key]).getSlot()
      const lines = servers[0]?.cli('cluster', 'nodes').trim().split('\n') ?? []
      const port = lines.find((line) => ownsSlot(line, slot))?.match(/:(\d+)@/)?.[1]
      const master = servers.find((server) => `${server.port}` === port)
      if (master === undefined) throw new Error(`No master has slot ${slot}.`)
      return master
    },
    async reshard(slots, from, to) {
      const idOf = (position: number) => servers[position]?.cli('cluster', 'myid').trim() ?? ''
      const [address = ''] = addresses
      const which = ['--cluster-from', idOf(from), '--cluster-to', idOf(to), '--cluster-slots', `${slots}`]
      await runBeside({
        command: redisPrograms().cli,
        args: ['--cluster', 'reshard', address, ...which, '--cluster-yes'],
      })
    },
    untilOk,
    async stop() {
      await Promise.all(servers.map((server) => server.stop()))
    },
  }
}

// A line of CLUSTER NODES: id, address, flags, master, ping, pong, epoch, link state, then slots as `0-5460` or `7`.
function ownsSlot(line: string, slot: number): boolean {
  const [, , flags = '', , , , , , ...ranges] = line.split(' ')
  if (!flags.includes('master') || flags.includes('fail')) return false
  return ranges.some((range) => {
    const [from, to = from] = range.split('-').map(Number)
    return from !== undefined && to !== undefined && from <= slot && slot <= to
  })
}
