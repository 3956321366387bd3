import { afterAll, beforeAll, expect, it } from 'vitest'
import { EXIT, exitCodeOf } from '../../src/cli/exit-codes.js'
import { listen } from '../../src/server/http/http-server.js'
import { type DemoApp, startDemoApp } from '../support/demo.js'
import { affinityql, startServer, type TestServer } from './support.js'

let python: TestServer
let rust: DemoApp
let http: Awaited<ReturnType<typeof listen>>
beforeAll(async () => {
  python = await startServer()
  rust = await startDemoApp({ DEMO_GATEWAY: 'process-memory' })
  http = await listen(rust.app, '127.0.0.1', 0)
})
afterAll(async () => {
  await python?.close()
  await http?.close(0)
  await rust?.close()
})

it('gateway says what a clear does beside a gateway that has no node here', async () => {
  const { code, stdout } = await affinityql(['gateway'], { server: python })
  expect(code).toBe(0)
  expect(stdout).toMatch(/^gateway +Python gateway with keys of endpoints \(ENDPOINT_KEYS\)$/m)
  expect(stdout).toMatch(/^clears +remove records from Redis alone$/m)
  expect(stdout).toMatch(/^problem +.*GATEWAY_URLS.*module for management tokens/m)
  // A clear that no worker is asked for acts at no time on what is in use.
  expect(stdout).not.toMatch(/^at once/m)
  expect(stdout).toMatch(/^keys cache_affinity: +\d/m)
})

it('gateway prints each node and what may be asked of it', async () => {
  const printed = async () => (await affinityql(['gateway'], { server: http })).stdout
  // Nodes are looked at beside the start.
  await expect.poll(printed).not.toMatch(/not looked at yet/)
  const stdout = await printed()
  expect(stdout).toMatch(/^gateway +Rust gateway \(PROCESS_MEMORY\)$/m)
  expect(stdout).toMatch(/^at once +no: sessions may stay up to 5 minutes$/m)
  const { url } = rust.demo.node
  const line = stdout.split('\n').find((each) => each.startsWith(`node ${url}`))
  expect(line).toMatch(/ reached, may read, may clear/)
  const answer = JSON.parse((await affinityql(['gateway', '--json'], { server: http })).stdout)
  expect(answer.nodes).toMatchObject([{ url, reachable: true, canClear: true, error: null }])
})

it('a clear that no node did ends with the exit code of what is unavailable', () => {
  expect(exitCodeOf('GATEWAY_UNAVAILABLE')).toBe(EXIT.unavailable)
})
