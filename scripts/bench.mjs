// `npm run bench` installs and builds what bench/ needs, then runs it.
import { build } from './build.mjs'
import { bin, install, requireNode, run } from './lib/project.mjs'

requireNode()
install()
if (run(process.execPath, ['scripts/ensure-services.mjs', '--browser']) !== 0) process.exit(1)
await build()
process.exit(run(bin('tsx'), ['--expose-gc', 'bench/index.ts', ...process.argv.slice(2)]))
