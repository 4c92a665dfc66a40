import { connect } from "node:net";
import { type Answer, answer } from "./client.ts";

/** Status line, headers and body of an HTTP/1.1 answer as it came, with chunks joined. */
function parseAnswer(text: string): Answer {
  const end = text.indexOf("\r\n\r\n");
  const [statusLine = "", ...lines] = text.slice(0, end).split("\r\n");
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
  );
  const rest = text.slice(end + 4);
  const body = headers["transfer-encoding"] === "chunked" ? joinChunks(rest) : rest;
  return answer(Number(statusLine.split(" ")[1] ?? 0), headers, body);
}

function joinChunks(text: string): string {
  let body = "";
  for (let position = 0; position < text.length; ) {
    const lineEnd = text.indexOf("\r\n", position);
    const size = Number.parseInt(text.slice(position, lineEnd), 16);
    if (!(size > 0)) break;
    body += text.slice(lineEnd + 2, lineEnd + 2 + size);
    position = lineEnd + 2 + size + 2;
  }
  return body;
}

/**
 * Sends bytes that no client library would send, over a connection of their own, and reads until the other side closes it:
 * ask for that with `connection: close` where the answer does not cause it.
 */
export function sendRaw(url: string, pieces: readonly (string | Uint8Array)[]): Promise<Answer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ host: hostname, port: Number(port) }, () => {
      for (const piece of pieces) socket.write(piece);
    });
    socket.on("data", (chunk) => chunks.push(chunk));
    // a server that answers early may reset what is still being sent; what it said counts
    socket.once("error", (error) => (chunks.length === 0 ? reject(error) : undefined));
    socket.once("close", () => {
      const text = Buffer.concat(chunks).toString();
      if (text.includes("\r\n\r\n")) resolve(parseAnswer(text));
      else reject(new Error(`the connection was closed without an answer: ${JSON.stringify(text)}`));
    });
  });
}

/** The head of a POST to the chat endpoint that closes its connection. */
export function postHead(headers: readonly string[]): string {
  const lines = ["host: gateway", "connection: close", "content-type: application/json", ...headers];
  return `POST /v1/chat/completions HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`;
}

/** One chunk of a chunked body. */
export function bodyChunk(bytes: string): string {
  return `${Buffer.byteLength(bytes).toString(16)}\r\n${bytes}\r\n`;
}
