/** What every command gets. */
export interface CommandContext {
  readonly data: string;
  readonly json: boolean;
  /** Words after the command's name, without the flags that are common to all. */
  readonly words: readonly string[];
  /** Flags and words as they came, without the command's name. */
  readonly argv: readonly string[];
}
