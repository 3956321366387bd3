/** Clients that ask at the same time, and what they were told. */
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Reply {
  /** `OK`, the first code of the answer, or `cut` for a connection that ended without an answer. */
  readonly outcome: string
  readonly ms: number
  readonly text: string
}

export interface Crowd {
  /** Sends one operation. */
  ask(query: string): Promise<Reply>
  get(path: string): Promise<Reply>
  close(): void
}

/** @param token of the viewer who asks */
export function createCrowd(url: string, token: string): Crowd {
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
  const send = (method: 'GET' | 'POST', path: string, body?: string): Promise<Reply> => {
    const startedAt = performance.now()
    return new Promise((resolve) => {
      const reply = (outcome: string, text = '') =>
        resolve({ outcome, text, ms: performance.now() - startedAt })
      const headers = {
        authorization: `Bearer ${token}`,
        accept: 'application/graphql-response+json, application/json',
        ...(body !== undefined && {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
        }),
      }
      const sent = request(`${url}${path}`, { method, agent, headers }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', () => reply('cut'))
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('latin1')
          const code =
            text.startsWith('{"errors"') || response.statusCode !== 200
              ? /"code":"(\w+)"/.exec(text)?.[1]
              : undefined
          reply(
            code ??
              /"errors":\[.*?"code":"(\w+)"/s.exec(text)?.[1] ??
              (response.statusCode === 200 ? 'OK' : `${response.statusCode}`),
            text,
          )
        })
      })
      sent.on('error', () => reply('cut'))
      sent.end(body)
    })
  }
  return {
    ask: (query) => send('POST', '/graphql', JSON.stringify({ query })),
    get: (path) => send('GET', path),
    close: () => agent.destroy(),
  }
}

/** Asks again and again, with a pause in between, until the signal. */
export async function again(
  run: () => Promise<Reply>,
  pauseMs: number,
  until: AbortSignal,
): Promise<readonly Reply[]> {
  const replies: Reply[] = []
  while (!until.aborted) {
    replies.push(await run())
    if (pauseMs > 0) await sleep(pauseMs)
  }
  return replies
}

export function tally(replies: readonly Reply[]): string {
  const counts = new Map<string, number>()
  for (const { outcome } of replies) counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([outcome, count]) => `${outcome} ${count}`)
    .join(', ')
}
