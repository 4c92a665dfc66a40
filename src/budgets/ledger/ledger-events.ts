/** What a ledger tells the gateway that has it. */
export interface LedgerEvents {
  /** An entry was lost. For the metric. */
  readonly dropped: () => void;
  /** Something that is stored is no entry, and was passed over. For the metric. */
  readonly skipped: () => void;
  /** Why entries are lost, in words for the operator. Told at the first one, and again only when entries were kept in between. */
  readonly failed: (message: string) => void;
}
