/** Which member the page is about: the one that was chosen, or for a moment the one pointed at. */

export function createSelection() {
  const listeners = new Set();
  let chosen;
  let pointed;
  const tell = () => {
    for (const listener of listeners) listener();
  };
  return {
    /** The chosen one. */
    get key() {
      return chosen;
    },
    /** The one to show. */
    get shown() {
      return pointed ?? chosen;
    },
    select(key) {
      chosen = key;
      pointed = undefined;
      tell();
    },
    /** Nothing ends the looking. */
    look(key) {
      pointed = key;
      tell();
    },
    listen(listener) {
      listeners.add(listener);
    },
  };
}
