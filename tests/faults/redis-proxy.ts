import { connect, createServer, type Socket } from 'node:net'
import { freePort } from '../support/servers/child.js'

/** Told of a command before Redis gets it, and awaited: what happens meanwhile happens between the two. */
export type CommandHook = (command: string) => void | Promise<void>

/** A script that has UNLINK in its text, which no line break of the protocol ends before. */
const REMOVAL = 'eval\\r\\n\\$\\d+\\r\\n(?:(?!\\r\\n)[^])*?UNLINK'

export interface RedisProxy {
  readonly url: string
  readonly port: number
  /** Commands to watch for, or `removal`: a script that removes. The hook may be replaced at any time. */
  onCommand(names: readonly string[], hook: CommandHook): void
  /** Each answer from now on comes so many milliseconds late; 0: at once. */
  delayReplies(ms: number): void
  /** Answers from now on are lost, as after a cut cable; the connections stay. */
  dropReplies(): void
  /** Cuts every connection on both sides at once (RST); new ones are taken. */
  reset(): void
  stop(): void
}

/**
 * A stretch of wire before a Redis that a test can look at and cut. It makes races certain: a hook runs between what the
 * service has decided and what Redis does.
 */
export async function startRedisProxy(redisPort: number): Promise<RedisProxy> {
  const port = await freePort()
  const sockets = new Set<Socket>()
  let watched: RegExp | undefined
  let hook: CommandHook = () => {}
  let repliesAreLost = false
  let delayMs = 0

  const server = createServer((client) => {
    const redis = connect(redisPort, '127.0.0.1')
    for (const socket of [client, redis]) {
      socket.setNoDelay()
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        redis.destroy()
      })
    }
    redis.on('data', (data) => {
      if (repliesAreLost) return
      if (delayMs === 0) client.write(data)
      else setTimeout(() => client.destroyed || client.write(data), delayMs)
    })
    // One piece after the other: a hook that waits must hold back what comes after it.
    let turn = Promise.resolve()
    client.on('data', (data) => {
      turn = turn.then(async () => {
        const [, command] = (watched && data.toString('latin1').match(watched)) ?? []
        if (command) await hook(command.split('\r\n', 1).join('').toLowerCase())
        redis.write(data)
      })
    })
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  server.unref()

  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    onCommand(names, newHook) {
      const patterns = names.map((name) => (name === 'removal' ? REMOVAL : `${name}\\r\\n`))
      watched = new RegExp(`\\*\\d+\\r\\n\\$\\d+\\r\\n(${patterns.join('|')})`, 'i')
      hook = newHook
    },
    delayReplies(ms) {
      delayMs = ms
    },
    dropReplies() {
      repliesAreLost = true
    },
    reset() {
      for (const socket of sockets) socket.resetAndDestroy()
    },
    stop() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
