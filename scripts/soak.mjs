// `npm run soak` installs and builds what bench/soak.ts needs, then runs it.
import { build } from './build.mjs'
import { bin, install, requireNode, run } from './lib/project.mjs'

requireNode()
install()
if (run(process.execPath, ['scripts/ensure-services.mjs']) !== 0) process.exit(1)
await build()
process.exit(run(bin('tsx'), ['bench/soak.ts', ...process.argv.slice(2)]))
