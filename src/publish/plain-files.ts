/** What the rename mode has in the target, as the other modes see it. */
export interface PlainFiles {
  /** The path of what Wherry did not write at or below a top-level name; undefined when all of it may be replaced. */
  foreignAt(name: string): Promise<string | undefined>;
  /** Removes what is left of them, and the directories that are empty then. */
  remove(): Promise<void>;
}
