import type { ReactNode } from 'react'

/** The part of a page that scrolls; the navigation stays. */
export function Scroll({ children }: { readonly children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard
    <div className="content" tabIndex={0}>
      {children}
    </div>
  )
}
