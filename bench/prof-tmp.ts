import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Session } from 'node:inspector'
import { writeFileSync } from 'node:fs'
import pino from 'pino'
import { createApp } from '../src/app.js'
import { listen } from '../src/server/http/http-server.js'
import { ADMIN_TOKEN, testConfig } from '../tests/support/app.js'
import { startPostgres } from '../tests/support/servers/postgres.js'
import { startRedis } from '../tests/support/servers/redis.js'
import { rawScan } from './lib/floors.js'
import { makeWorld } from './lib/world.js'

const count = Number(process.argv[2] ?? 30_000)
const [postgres, redisServer] = await Promise.all([startPostgres(), startRedis()])
const redis = redisServer.client()
const databaseUrl = postgres.createDatabase('bench')
await makeWorld(databaseUrl, redis, count)
const app = await createApp(testConfig({ DATABASE_URL: databaseUrl, REDIS_URL: redisServer.url }), { logger: pino({ level: 'silent' }) })
const server = await listen(app, '127.0.0.1', 0)
const session = new Session()
session.connect()
const post = (m: string, p?: object) => new Promise<any>((res, rej) => (session.post as any)(m, p, (e: any, r: any) => e ? rej(e) : res(r)))
await post('Profiler.enable')
const cpu = (u = process.cpuUsage()) => (u.user + u.system) / 1000
let scans: number[] = []
for (let i = 0; i < 4; i++) { const a = cpu(); const t = performance.now(); await rawScan(redis); scans.push(cpu() - a); console.log('scan cpu', cpu() - a, 'ms', performance.now() - t) }
const scan = Math.min(...scans.slice(1))
const TELL = 'data:text/javascript,process.on("exit",()=>{const u=process.cpuUsage();process.stderr.write("\\nCPU "+(u.user+u.system)/1000)})'
async function list(name: string, args: string[], profile: boolean) {
  if (profile) await post('Profiler.start')
  const a = cpu(); const t = performance.now()
  const child = spawn(process.execPath, [...(profile ? ['--cpu-prof', '--cpu-prof-dir=/tmp/prof', `--cpu-prof-name=cli-${name}.cpuprofile`] : []), '--import', TELL, 'dist/cli/main.js', 'affinities', 'list', '--ndjson', ...args], { env: { PATH: process.env['PATH'], AFFINITYQL_URL: server.url, AFFINITYQL_TOKEN: ADMIN_TOKEN }, stdio: ['ignore', 'pipe', 'pipe'] })
  const wc = spawn('cat', [], { stdio: [child.stdout!, 'ignore', 'ignore'] })
  let said = ''
  child.stderr!.on('data', (c) => { said += c })
  await once(child, 'exit')
  wc.kill()
  const mine = cpu() - a
  const cli = Number(/CPU ([\d.]+)/.exec(said)?.[1])
  console.log(name.padEnd(10), 'server', mine.toFixed(0), 'cli', cli.toFixed(0), 'sum x scan', ((mine + cli) / scan).toFixed(2), 'wall', (performance.now() - t).toFixed(0), profile ? 'profiled' : '')
  if (profile) { const { profile: p } = await post('Profiler.stop'); writeFileSync(`/tmp/prof/server-${name}.cpuprofile`, JSON.stringify(p)) }
}
for (let i = 0; i < 2; i++) for (const [name, args] of [['records', ['--records']], ['names', []], ['details', ['--details']]] as const) await list(name, [...args], false)
for (const [name, args] of [['names', []], ['details', ['--details']]] as const) await list(name, [...args], true)
await server.close(0)
await app.close()
await Promise.all([postgres.stop(), redisServer.stop()])
