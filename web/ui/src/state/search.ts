// Finding series by a part of their path.

import { api } from '../api/client'
import type { TreeNode } from '../api/types'

const deepest = 7
const atMost = 60

/** Series whose path has the words in one of its nodes, shallow ones first; with a dot or star it is a path's start. */
export async function searchSeries(words: string, signal: AbortSignal): Promise<TreeNode[]> {
  const patterns = /[.*{]/.test(words) ? [`${words}*`, `${words}*.*`, `${words}*.*.*`] : atEachDepth(words)
  const answers = await Promise.all(patterns.map((query) => api.children(query, signal)))
  const leaves = answers.flat().filter((node) => Boolean(Number(node.leaf)))
  return [...new Map(leaves.map((node) => [node.id, node])).values()].slice(0, atMost)
}

/** The word as any node of a path up to the greatest depth. */
function atEachDepth(word: string): string[] {
  const patterns: string[] = []
  for (let length = 1; length <= deepest; length++) {
    for (let at = 0; at < length; at++) {
      const nodes = Array.from({ length }, (_, i) => (i === at ? `*${word}*` : '*'))
      if (at >= length - 2) patterns.push(nodes.join('.'))
    }
  }
  return patterns
}
