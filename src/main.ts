#!/usr/bin/env node
import { constants } from 'node:os'
import pino, { type Logger } from 'pino'
import pretty from 'pino-pretty'
import { type App, createApp } from './app.js'
import { type Config, loadConfig } from './config/load-config.js'
import { createRedactor, nearMisses } from './config/reader.js'
import { type Demo, demoLines, demoSecretsIn, openDemo } from './demo/index.js'
import { ConfigurationError } from './errors.js'
import { escapeControls, replaceControls } from './log/log-lines.js'
import { shortRequest } from './log/request-lines.js'
import { type HttpServer, listen } from './server/http/http-server.js'
import { knownToken, newTokenText } from './session/static-tokens.js'

/** At a stop, requests in flight get this time, in milliseconds. Running clears get more: see `Audit.clearsDone`. */
const DRAIN_MS = 9_000

async function main(): Promise<void> {
  const configured = loadConfig(process.env)
  const logger = createLogger(configured)
  for (const variable of nearMisses(process.env))
    logger.warn(variable, 'an unknown variable is ignored; its name is close to a known one')
  // OpenTelemetry has some 100 files, so it is loaded only if traces are on.
  const tracing =
    configured.tracing &&
    (await (await import('./server/observe/tracing/provider.js')).startTracing(configured.tracing, logger))
  const { mode } = configured
  const demo =
    mode.kind === 'embedded'
      ? await openDemo({
          generation: mode.generation,
          onError: (error) => logger.error({ err: error }, 'the simulated traffic of the demo failed'),
        })
      : undefined
  const secrets = mode.kind === 'embedded' ? demoSecretsIn(mode.dataDir, newTokenText) : undefined
  const config: Config = {
    ...configured,
    mode: mode.kind === 'embedded' && secrets ? { ...mode, jwtSecretKey: secrets.jwtSecretKey } : mode,
    staticTokens: [
      ...configured.staticTokens,
      ...(secrets ? [knownToken('demo', 'admin', secrets.token)] : []),
    ],
    gateways: configured.gateways ?? (demo && gatewaysOf(demo)),
  }
  const app = await createApp(config, { logger, tracing, ...(demo && { keyspace: demo.keyspace }) })
  // A clear that still runs needs the demo's gateway.
  const stack = [() => app.close().finally(() => demo?.close()), async () => tracing?.close()]
  try {
    if (demo) stack.unshift(async () => demo.stop())
    await demo?.start(app.database.query)
    const server = await listen(app, config.host, config.port)
    stopOnSignals(app, server, stack)
    process.stdout.write(banner(config, server.url, demo, secrets?.token))
    void app.checkEncryptionKey()
  } catch (error) {
    for (const close of stack) await close()
    throw error
  }
}

const gatewaysOf = ({ node }: Demo): Config['gateways'] => ({
  urls: [node.url],
  token: node.token,
  tokenFile: undefined,
})

/** Makes the logger: it writes JSON lines for machines, and readable lines on a terminal. */
function createLogger({ logLevel }: Config): Logger {
  const { isTTY } = process.stdout
  const options = {
    level: logLevel,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    hooks: { streamWrite: isTTY ? (line: string) => replaceControls(shortRequest(line)) : escapeControls },
  }
  return isTTY
    ? pino(options, pretty({ colorize: true, singleLine: true, translateTime: 'SYS:HH:MM:ss' }))
    : pino(options)
}

/** Prints the addresses and the ways to sign in, once the server listens. */
function banner(config: Config, url: string, demo: Demo | undefined, token: string | undefined): string {
  const lines = [`affinityql serves ${url}/graphql`, `  console   ${url}/`]
  if (demo && token && config.mode.kind === 'embedded') {
    const [played, others] = demoLines(config.mode.generation)
    lines.push(
      '  demo      The gateway’s rows and traffic are simulated. For a real gateway, set DATABASE_URL, REDIS_URL,',
      '            ENCRYPTION_KEY and JWT_SECRET_KEY.',
      `  gateway   ${played}`,
      `            ${others}`,
      `  sign in   ${demo.email} / ${demo.password}`,
      `  token     ${token}`,
    )
  } else if (config.staticTokens.length === 0) {
    lines.push(
      '  sign in   Use an administrator’s account of the gateway.',
      '  token     ADMIN_TOKENS is not set, so scripts have no static token.',
    )
  }
  // Lines of the log come before and after it.
  const edge = process.stdout.isTTY ? '\n' : ''
  return `${edge}${lines.join('\n')}\n${edge}`
}

/** Stops the service on signals. The first one waits for requests and clears, the second ends them, the third exits. */
function stopOnSignals(app: App, server: HttpServer, stack: readonly (() => Promise<void>)[]): void {
  let signals = 0
  const stop = (signal: 'SIGTERM' | 'SIGINT') => {
    signals += 1
    // Shells report a process that a signal has ended by 128 plus the signal's number.
    const code = 128 + constants.signals[signal]
    if (signals === 1) {
      app.startDraining()
      server
        .close(DRAIN_MS)
        .then(() => Promise.all(stack.map((close) => close())))
        .then(
          () => signals === 1 && process.exit(0),
          () => signals === 1 && process.exit(1),
        )
    } else if (signals === 2) app.endClears().finally(() => process.exit(code))
    else process.exit(code)
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

main().catch((error: unknown) => {
  if (error instanceof ConfigurationError) {
    for (const problem of error.problems) process.stderr.write(`affinityql: ${problem}\n`)
  } else {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    process.stderr.write(`affinityql: ${createRedactor(process.env)(text)}\n`)
  }
  process.exit(1)
})
