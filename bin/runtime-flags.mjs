/**
 * How the hub's Node is started. A hub's objects are short-lived and its threads are several: with the young generation and the
 * allocator's arenas that Node takes by itself, a third of its memory would be slack (docs/performance.md).
 */
export const NODE_FLAGS = ['--max-semi-space-size=8', '--disable-warning=ExperimentalWarning'];
export const ENVIRONMENT = { MALLOC_ARENA_MAX: '2' };
