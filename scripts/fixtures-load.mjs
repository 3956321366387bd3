// `npm run fixtures:load` installs what scripts/fixtures-load.ts needs, then runs it.
import { bin, install, requireNode, run } from './lib/project.mjs'

requireNode()
install()
process.exit(run(bin('tsx'), ['scripts/fixtures-load.ts']))
