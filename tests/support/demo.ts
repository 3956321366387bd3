import { join } from 'node:path'
import pino from 'pino'
import { type App, createApp } from '../../src/app.js'
import { loadConfig } from '../../src/config/load-config.js'
import { type Demo, openDemo } from '../../src/demo/index.js'
import { ADMIN_TOKENS } from './app.js'
import { removeDirectory, temporaryDirectory } from './servers/child.js'
import { freshPglite } from './servers/pglite.js'

export interface DemoApp {
  readonly app: App
  readonly demo: Demo
  /** Errors of the simulated traffic. */
  readonly errors: readonly unknown[]
  close(): Promise<void>
}

/** The service as the embedded demo, with a gateway of its own. */
export async function startDemoApp(
  env: Readonly<Record<string, string>> & { readonly DEMO_GATEWAY: string },
): Promise<DemoApp> {
  const directory = temporaryDirectory('demo')
  const config = loadConfig({
    ADMIN_TOKENS,
    DATA_DIR: directory,
    AUDIT_SPOOL_DIR: join(directory, 'spool'),
    RATE_LIMIT_VIEWER: '0',
    // A stop waits until the guard of a clear has ended.
    CLEAR_GUARD_SECONDS: '0.5',
    ...env,
  })
  if (config.mode.kind !== 'embedded') throw new Error('The demo runs without a gateway’s stores.')
  await freshPglite(config.mode.dataDir)
  const errors: unknown[] = []
  const demo = await openDemo({
    generation: config.mode.generation,
    onError: (error) => errors.push(error),
  })
  const { url, token } = demo.node
  const gateways = { urls: [url], token, tokenFile: undefined }
  const logger = pino({ level: 'silent' })
  const app = await createApp({ ...config, gateways }, { logger, keyspace: demo.keyspace })
  await demo.start(app.database.query)
  return {
    app,
    demo,
    errors,
    async close() {
      demo.stop()
      await app.yoga.dispose()
      await app.close()
      await demo.close()
      removeDirectory(directory)
    },
  }
}
