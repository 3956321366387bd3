/**
 * Observes Redis commands by wrapping ioredis's `sendCommand`, which sees each command of a pipeline. ioredis's own tracing
 * channel turns every argument into text, also secrets and thousands of keys, and does not name the client of a command.
 */
import { Cluster, type Redis } from 'ioredis'
import type { RedisClient } from './client.js'

/**
 * @param command the name in lower case, without arguments
 * @param error the failure; undefined if the command was answered
 */
export type CommandListener = (command: string, durationMs: number, error: unknown) => void

/** Calls the listener when a command is answered or fails; in a cluster, for the commands of every node. */
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
