/** Clients that send many requests on one connection before they have read an answer (HTTP pipelining). */

import type { RequestListener, ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it, onTestFinished } from 'vitest'
import { type HttpServer, listen } from '../../src/server/http/http-server.js'
import { type CutReason, TRANSPORT_LIMITS } from '../../src/server/http/transport-limits.js'

const NO_PROXY = () => false

/** A server with the service's limits and this handler, and what it cut. */
async function serving(handler: RequestListener) {
  const cuts: CutReason[] = []
  const transport = {
    limits: TRANSPORT_LIMITS,
    trustProxy: NO_PROXY,
    onCut: (reason: CutReason) => void cuts.push(reason),
  }
  const server: HttpServer = await listen({ handler, yoga: { dispose() {} }, transport }, '127.0.0.1', 0)
  onTestFinished(() => server.close(0))
  function open(text: string): { socket: Socket; closed: Promise<string> } {
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
    onTestFinished(() => void socket.destroy())
    let received = ''
    socket.on('data', (chunk) => {
      received += chunk
    })
    // A reset is one way of hanging up.
    socket.on('error', () => {})
    socket.write(text)
    return { socket, closed: new Promise((resolve) => socket.once('close', () => resolve(received))) }
  }
  return { cuts, open }
}

const get = (path: string, headers = ''): string => `GET ${path} HTTP/1.1\r\nhost: x\r\n${headers}\r\n`

it('ten requests of one packet are answered, in their order', async () => {
  const server = await serving((request, response) => {
    setTimeout(() => response.end(`<${request.url}>`), 5)
  })
  const paths = Array.from({ length: 10 }, (_, n) => `/${n}`)
  const { closed } = server.open(
    paths.map((path) => get(path, path === '/9' ? 'connection: close\r\n' : '')).join(''),
  )
  expect((await closed).match(/<\/\d>/g)).toEqual(paths.map((path) => `<${path}>`))
  expect(server.cuts).toEqual([])
})

it('sixteen requests wait, and the next one cuts the connection', async () => {
  const running: ServerResponse[] = []
  const server = await serving((_, response) => void running.push(response))
  const { socket, closed } = server.open(get('/').repeat(17))
  await expect.poll(() => running.length).toBe(1)
  expect([socket.destroyed, server.cuts]).toEqual([false, []])
  socket.write(get('/'))
  expect(await closed).toBe('')
  expect([running.length, server.cuts]).toEqual([1, ['waiting_requests']])
})

it('a client that reads may send any number of requests on one connection', async () => {
  const server = await serving((_, response) => void response.end('<done>'))
  const { socket, closed } = server.open(get('/').repeat(17))
  let answered = 0
  socket.on('data', (chunk) => {
    const before = answered
    answered += String(chunk).split('<done>').length - 1
    if (answered < 170) socket.write(get('/').repeat(answered - before))
    else socket.end()
  })
  expect((await closed).match(/<done>/g)?.length).toBeGreaterThanOrEqual(170)
  expect(server.cuts).toEqual([])
})

it('thousands of requests cut the connection once, and leave no memory behind', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const heap = () => {
    collect()
    return process.memoryUsage().heapUsed
  }
  let handled = 0
  // It never answers.
  const server = await serving(() => void handled++)
  const flood = async () => server.open(get('/').repeat(60_000)).closed
  await flood()
  const before = heap()
  for (let time = 0; time < 5; time++) expect(await flood()).toBe('')
  expect([handled, server.cuts]).toEqual([6, Array(6).fill('waiting_requests')])
  await expect.poll(() => heap() - before, { interval: 500, timeout: 10_000 }).toBeLessThan(2_000_000)
})
