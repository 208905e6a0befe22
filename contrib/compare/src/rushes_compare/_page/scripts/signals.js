// Modules import downwards only. What a module has to tell those above it goes through a signal.

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

// Sent to have the whole page drawn again.
export const pageChanged = signal();

// Sent to have one row and the summary drawn again.
/** @type {ReturnType<typeof signal<number>>} */
export const rowChanged = signal();
