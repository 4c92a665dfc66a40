import { capture } from "./run.mjs";

const hello = '{"messages": [{"role": "user", "content": "Hello"}]}';

/** One request by curl, written as in the README. `status` is 0 when nothing answered. */
export async function ask(url, headers = [], body = hello) {
  const flags = headers.flatMap((header) => ["-H", header]);
  const target = `${url}/v1/chat/completions`;
  const printed = await capture("curl", ["-s", "-i", "-m", "20", "-X", "POST", target, ...flags, "-d", body]).catch(
    (error) => error.stdout ?? "",
  );
  const [head = "", ...rest] = printed.split("\r\n\r\n");
  const [statusLine = "", ...lines] = head.split("\r\n");
  const text = rest.join("\r\n\r\n");
  return {
    status: Number(statusLine.split(" ")[1] ?? 0),
    headers: Object.fromEntries(lines.map((line) => line.toLowerCase().split(": ", 2))),
    text,
    json: () => JSON.parse(text),
  };
}
