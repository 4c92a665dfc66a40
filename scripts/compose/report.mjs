/** Counts checks and prints each as it ends. */
export class Report {
  #passed = 0;
  #failed = 0;
  #interrupted = false;

  /** From now on nothing is checked, and what fails fails because things are taken down. */
  interrupt() {
    this.#interrupted = true;
  }

  async check(sentence, body) {
    if (this.#interrupted) return false;
    const started = Date.now();
    try {
      const remark = await body();
      this.#passed += 1;
      console.log(`ok   ${sentence}${remark === undefined ? "" : `: ${remark}`} (${Date.now() - started} ms)`);
      return true;
    } catch (error) {
      this.fail(sentence, error);
      return false;
    }
  }

  fail(sentence, error) {
    if (this.#interrupted) return;
    this.#failed += 1;
    console.log(`FAIL ${sentence}\n${error instanceof Error ? error.message : String(error)}`);
  }

  get failed() {
    return this.#failed;
  }

  /** The plain closing line. */
  close() {
    console.log(`\n${this.#passed} passed, ${this.#failed} failed`);
  }
}
