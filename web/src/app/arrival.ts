import { useEffect, useRef } from 'react'
import { useLocation } from 'react-router'

/** The page that has the focus already, as the one that the browser has loaded; null while nobody is signed in. */
let at: string | null = location.pathname

/** The next page is arrived at, also if it is the one that was left. */
export const leavePage = (): void => {
  at = null
}

/**
 * The hook places the focus on the heading of a page that one has come to, by a link, a key or a sign-in: a screen reader
 * reads it, and Tab goes on from there. A page that the browser has loaded begins at its top as any other.
 */
export function useArrival<Heading extends HTMLElement>() {
  const { pathname } = useLocation()
  const heading = useRef<Heading>(null)
  useEffect(() => {
    if (at !== pathname) heading.current?.focus({ preventScroll: true })
    at = pathname
  }, [pathname])
  return heading
}
