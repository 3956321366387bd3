import type { Command } from 'commander'
import type { Gateway } from '../../client/index.js'
import { type Cli, clientOf } from '../command.js'
import { count, properties } from '../format.js'
import { printOne } from '../lists.js'
import type { Printable } from '../terminal.js'

/** Adds `gateway`, which says beside which gateway the server stands, and what clears achieve there. */
export function addGateway(program: Command, cli: Cli): void {
  program
    .command('gateway')
    .description('Show which gateway the server stands beside, what a clear does there, and each node.')
    .action(async (_options, command: Command) => {
      const gateway = await clientOf(cli, command).gateway({ signal: cli.signal })
      await printOne(cli, command, gateway, () => gatewayText(gateway, cli))
    })
}

const KINDS: Readonly<Record<string, string>> = {
  ENDPOINT_KEYS: 'Python gateway with keys of endpoints',
  PROVIDER_KEYS: 'Python gateway with keys of providers',
  PROCESS_MEMORY: 'Rust gateway',
}

const CLEARS: Readonly<Record<string, string>> = {
  GATEWAY_API: 'go through its API',
  REDIS: 'remove records from Redis alone',
  NONE: 'are refused',
}

type Node = Gateway['nodes'][number]

const gatewayText = (gateway: Gateway, { terminal }: Cli): Printable =>
  properties(
    [
      ['gateway', `${KINDS[gateway.generation] ?? 'unknown'} (${gateway.generation})`],
      ['clears', CLEARS[gateway.clearPath] ?? gateway.clearPath],
      ...(gateway.clearPath === 'GATEWAY_API'
        ? [['at once', gateway.clearsAtOnce ? 'yes' : 'no: sessions may stay up to 5 minutes'] as const]
        : []),
      ...(gateway.clearProblem === null ? [] : [['problem', gateway.clearProblem] as const]),
      ['scheduling', `${gateway.schedulingMode ?? 'unknown'}${honours(gateway.pinsAreHonoured)}`],
      ['key prefix', gateway.keyPrefix ?? 'none'],
      ['pool sessions', gateway.hasPoolSessions],
      ['model caches', gateway.hasModelMappingCaches],
      ...gateway.nodes.map((node) => [`node ${node.url}`, nodeText(node)] as const),
      ...gateway.families.map(
        ({ prefix, records, understood }) =>
          [
            `keys ${prefix}`,
            `${count(records)}${understood ? '' : ', not understood: never cleared'}`,
          ] as const,
      ),
      ...gateway.missing.map(({ field, needs }) => [`missing ${field}`, `needs ${needs}`] as const),
    ],
    terminal,
  )

const honours = (pinsAreHonoured: boolean | null): string =>
  pinsAreHonoured === false ? ', ignores all pins' : ''

function nodeText(node: Node): string {
  const { reachable, canRead, canClear, canClearAtOnce, alternates, error } = node
  if (reachable === null) return error ?? 'not looked at yet'
  const may = (right: boolean | null, what: string) =>
    right === null ? [] : [right ? `may ${what}` : `may not ${what}`]
  return [
    reachable ? 'reached' : 'not reached',
    ...may(canRead, 'read'),
    ...may(canClear, 'clear'),
    ...may(canClearAtOnce, 'clear at once'),
    ...(alternates === null ? [] : [alternates ? 'several processes answer' : 'one process answers']),
    ...(error === null ? [] : [error]),
  ].join(', ')
}
