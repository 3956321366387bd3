/**
 * Tells of Redis commands at ioredis's own point of sending, one by one in a pipeline too. ioredis's tracing channel
 * would tell the same, but it turns every argument into text, secrets and thousands of keys included, and it does not
 * say which client a command is of.
 */
import { Cluster, type Redis } from 'ioredis'
import type { RedisClient } from './client.js'

/**
 * @param command in lower case, without its arguments
 * @param error why it failed; undefined where it was answered
 */
export type CommandListener = (command: string, durationMs: number, error: unknown) => void

/** Tells of each command when it has been answered or given up; of a cluster, at each of its nodes. */
export function observeCommands(client: RedisClient, listener: CommandListener): void {
  const observe = (node: Redis) => observeNode(node, listener)
  if (client instanceof Cluster) {
    client.nodes().forEach(observe)
    client.on('+node', observe)
  } else {
    observe(client)
  }
}

function observeNode(node: Redis, listener: CommandListener): void {
  const send = node.sendCommand.bind(node)
  node.sendCommand = (command, stream) => {
    const start = performance.now()
    const sent = send(command, stream)
    command.promise.then(
      () => listener(command.name, performance.now() - start, undefined),
      (error: unknown) => listener(command.name, performance.now() - start, error),
    )
    return sent
  }
}
