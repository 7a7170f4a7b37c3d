/** Something that is not as it was published. Entries are named by their place in the manifest. */
export type Damage =
  /** Its content, or the whole of it, is another, or gone. */
  | { readonly kind: 'content'; readonly path: string; readonly index: number }
  | { readonly kind: 'mode'; readonly path: string; readonly index: number }
  /** A directory of the set, the root as the empty path, has another mode. */
  | { readonly kind: 'directory'; readonly path: string };

/** Bits that the kubelet adds on a volume with an fsGroup, at every start of a pod. */
const kubeletAddsToFiles = 0o660;
const kubeletAddsToDirectories = 0o770;
const setgid = 0o2000;

export function isModeOfFile(mode: number, expected: number): boolean {
  const bits = mode & 0o7777 & ~setgid;
  return bits === expected || bits === (expected | kubeletAddsToFiles);
}

/** Directories inherit the group, and the bit that says so. */
export function isModeOfDirectory(mode: number, expected: number): boolean {
  const bits = mode & 0o777;
  return bits === expected || bits === (expected | kubeletAddsToDirectories);
}
