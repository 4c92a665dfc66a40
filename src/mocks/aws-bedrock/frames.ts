/**
 * AWS event-stream frames, written from the format's description and not with the decoder's code: what the mock sends is the truth
 * that the decoder is tested against.
 */
const table = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

/** CRC-32/ISO-HDLC. */
function crc(bytes: Buffer): number {
  let value = 0xffffffff;
  for (const byte of bytes) value = (value >>> 8) ^ (table[(value ^ byte) & 0xff] ?? 0);
  return (value ^ 0xffffffff) >>> 0;
}

function header(name: string, value: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(Buffer.byteLength(value));
  return Buffer.concat([
    Buffer.from([Buffer.byteLength(name)]),
    Buffer.from(name),
    Buffer.from([7]),
    length,
    Buffer.from(value),
  ]);
}

/** One frame with string headers. */
export function encodeFrame(headers: Readonly<Record<string, string>>, payload: Buffer): Buffer {
  const head = Buffer.concat(Object.entries(headers).map(([name, value]) => header(name, value)));
  const prelude = Buffer.alloc(12);
  prelude.writeUInt32BE(16 + head.length + payload.length, 0);
  prelude.writeUInt32BE(head.length, 4);
  prelude.writeUInt32BE(crc(prelude.subarray(0, 8)), 8);
  const message = Buffer.concat([prelude, head, payload]);
  const end = Buffer.alloc(4);
  end.writeUInt32BE(crc(message));
  return Buffer.concat([message, end]);
}

export function eventFrame(type: string, payload: object): Buffer {
  // the real service pads events so that their length tells nothing
  const padded = { ...payload, p: "abcdefgh" };
  return encodeFrame(
    { ":event-type": type, ":content-type": "application/json", ":message-type": "event" },
    Buffer.from(JSON.stringify(padded)),
  );
}

export function exceptionFrame(type: string, message: string): Buffer {
  return encodeFrame(
    { ":exception-type": type, ":content-type": "application/json", ":message-type": "exception" },
    Buffer.from(JSON.stringify({ message })),
  );
}

/** A sound frame around JSON that does not parse. */
export function brokenFrame(type: string): Buffer {
  return encodeFrame(
    { ":event-type": type, ":content-type": "application/json", ":message-type": "event" },
    Buffer.from('{"delta": {'),
  );
}
