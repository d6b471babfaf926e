/** What is wrong with a pattern or rule that a user wrote, and where. Services answer it under their own error's name. */
export class PatternError extends Error {
  /** Offset of the first character that does not fit, in UTF-16 units from the beginning of the text. */
  readonly position: number;

  constructor(message: string, position: number) {
    super(message);
    this.name = 'PatternError';
    this.position = position;
  }
}
