/** The member shown: the selected one, or temporarily the hovered one. */

export function createSelection() {
  const listeners = new Set();
  let chosen;
  let pointed;
  const tell = () => {
    for (const listener of listeners) listener();
  };
  return {
    /** The selected member. */
    get key() {
      return chosen;
    },
    /** The member to show. */
    get shown() {
      return pointed ?? chosen;
    },
    select(key) {
      chosen = key;
      pointed = undefined;
      tell();
    },
    /** Clears the selection. */
    look(key) {
      pointed = key;
      tell();
    },
    listen(listener) {
      listeners.add(listener);
    },
  };
}
