/** Folders that this process is writing at the moment: `clean` removes only what died with another. */
const open = new Set<string>();

/** Marks the folder as in use; call the result when it is not any more. */
export function openPartial(folder: string): () => void {
  open.add(folder);
  return () => {
    open.delete(folder);
  };
}

export function isOpenPartial(folder: string): boolean {
  return open.has(folder);
}
