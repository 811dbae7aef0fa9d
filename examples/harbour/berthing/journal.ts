// What happened in the harbour, in order. Lines are added and never changed.
export interface JournalLine {
  readonly at: Date;
  readonly subject: string;
  readonly remark: string;
}

export class HarbourJournal {
  private readonly lines: JournalLine[] = [];

  /** Writes one line about a subject. */
  inscribe(subject: string, remark: string, at = new Date()): void {
    this.lines.push({ at, subject, remark });
  }

  linesAbout(subject: string): readonly JournalLine[] {
    return this.lines.filter((line) => line.subject === subject);
  }
}
