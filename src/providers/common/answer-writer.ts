/** What every writer of client bytes has, whatever its operations. */
export interface AnswerWriter {
  /** Bytes for the client since the last call. */
  take(): Uint8Array;
  /** UTF-8 bytes of model output written since the last call. */
  takeOutputBytes(): number;
  /** Writes what closes the answer's open parts, for a stream that is ended early; absent = nothing ever is open. */
  closeOpen?(): void;
}
