// Modules import downwards only. To notify the modules above it, a module sends a signal.

/**
 * @template [Value=void]
 * @returns {{ listen(listener: (value: Value) => void): void, send(value: Value): void }}
 */
export function signal() {
  /** @type {((value: Value) => void)[]} */
  const listeners = [];
  return {
    listen: (listener) => void listeners.push(listener),
    send: (value) => listeners.forEach((listener) => listener(value)),
  };
}

// Sent to redraw the whole page.
export const pageChanged = signal();

// Sent to redraw one row and the summary.
/** @type {ReturnType<typeof signal<number>>} */
export const rowChanged = signal();
