// What is known about the server: itself, its clock, and whether it answers.

import { api } from '../api/client'
import type { Info } from '../api/types'
import type { FunctionInfo } from '../lib/complete'

const retryEvery = 6

class Session {
  info = $state.raw<Info>()
  functions = $state.raw<FunctionInfo[]>([])
  /** Since when the server does not answer, ms since 1970; 0 while it does. */
  awaySince = $state(0)
  /** When the last answer came, ms since 1970. */
  lastAnswer = $state(Date.now())
  /** Seconds until it is asked again. */
  retryIn = $state(0)
  /** Counts the times the server came back, so that pages ask again. */
  returns = $state(0)
  /** Questions that the server has not answered yet; no state, nothing is drawn from it. */
  asking = 0
  /** Seconds to add to this machine's clock to have the server's. */
  #skew = 0
  #functions: Promise<void> | undefined
  #timer: ReturnType<typeof setInterval> | undefined

  now(): number {
    return this.serverTime(Date.now())
  }

  /** The server's clock in seconds when this machine's showed so many ms. */
  serverTime(ms: number): number {
    return ms / 1000 + this.#skew
  }

  async start(): Promise<void> {
    try {
      const asked = Date.now()
      this.info = await api.info()
      const middle = (asked + Date.now()) / 2000
      // Below two seconds it is the way there and back, not the clocks.
      const skew = Date.parse(this.info.now) / 1000 - middle
      this.#skew = Math.abs(skew) > 2 ? skew : 0
      this.reached()
    } catch {
      this.lost()
    }
  }

  /** Fetches the functions once, when first needed. */
  needFunctions(): Promise<void> {
    return (this.#functions ??= this.#fetchFunctions())
  }

  async #fetchFunctions(): Promise<void> {
    const all = await api.functions().catch(() => {
      this.#functions = undefined
      return {}
    })
    this.functions = Object.entries(all).map(([name, info]) => ({ ...info, name, params: info.params ?? [] }))
  }

  reached(): void {
    this.lastAnswer = Date.now()
    if (!this.awaySince) return
    this.awaySince = 0
    this.returns++
    clearInterval(this.#timer)
  }

  lost(): void {
    if (this.awaySince) return
    this.awaySince = Date.now()
    this.retryIn = retryEvery
    this.#timer = setInterval(() => this.#countdown(), 1000)
  }

  #countdown(): void {
    this.retryIn--
    if (this.retryIn > 0) return
    this.retryIn = retryEvery
    void this.start()
  }

  retry(): void {
    this.retryIn = retryEvery
    void this.start()
  }
}

export const session = new Session()
