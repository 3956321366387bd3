#!/usr/bin/env node
import pino from 'pino'
import { type App, createApp } from './app.js'
import { type Config, loadConfig } from './config.js'
import { ConfigurationError } from './errors.js'
import { type HttpServer, listen } from './server/http-server.js'

/** Kubernetes and systemd kill after 30 s and 90 s by default; whoever waits for us waits 10 s. */
const DRAIN_MS = 9_000

async function main(): Promise<void> {
  const config = loadConfig(process.env)
  const logger = pino({ level: config.logLevel, base: null, timestamp: pino.stdTimeFunctions.isoTime })
  const app = await createApp(config, { logger })
  const server = await listen(app.yoga, config.host, config.port).catch(async (error: unknown) => {
    await app.close()
    throw error
  })
  stopOnSignals(app, server)
  announce(config, server)
}

function announce(config: Config, server: HttpServer): void {
  process.stdout.write(`affinityql serves ${server.url}/graphql (${config.mode.kind})\n`)
}

function stopOnSignals(app: App, server: HttpServer): void {
  let stopping = false
  const stop = () => {
    if (stopping) return
    stopping = true
    app.startDraining()
    server
      .close(DRAIN_MS)
      .then(() => app.close())
      .then(
        () => process.exit(0),
        () => process.exit(1),
      )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

main().catch((error: unknown) => {
  if (error instanceof ConfigurationError) {
    for (const problem of error.problems) process.stderr.write(`affinityql: ${problem}\n`)
  } else {
    process.stderr.write(`affinityql: ${error instanceof Error ? error.stack : String(error)}\n`)
  }
  process.exit(1)
})
