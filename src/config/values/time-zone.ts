/** Whether this is UTC or an IANA zone that the runtime knows. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    // the constructor has no other way to say "unknown zone"
    return false;
  }
}
