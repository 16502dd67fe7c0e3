/** Keeps notices of the runtime that say nothing to the reader off the screen; every other warning is shown. */
export function quieten(): void {
  const shown = process.listeners('warning');
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    if (warning.name !== 'ExperimentalWarning') for (const show of shown) show.call(process, warning);
  });
}
