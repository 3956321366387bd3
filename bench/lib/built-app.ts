/**
 * The service as `npm run build` makes it. tsx, which runs the benches, wraps each inner function to keep its name: a page whose
 * fields are resolved through it takes a tenth more time than users wait for.
 */
export const { createApp } = (await import(
  new URL('../../dist/app.js', import.meta.url).href
)) as typeof import('../../src/app.js')
