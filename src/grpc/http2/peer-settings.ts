import { ConnectionError, errorCode } from "./errors.ts";
import { defaultMaxFrameBytes, defaultWindowBytes, largestWindowBytes, settingId } from "./frames.ts";

const largestFrameBytes = 0xff_ffff;

/** What the peer has said about itself (RFC 9113 §6.5.2), as far as we use it: our frames have the least size that everybody takes. */
export class PeerSettings {
  initialWindowBytes = defaultWindowBytes;
  /** The peer has named another size than before for the table of our encoder, which may have to be acknowledged in a header block. */
  tableSizeNamed = false;

  /**
   * @returns by how much the windows of all streams grow; negative when they shrink
   * @throws ConnectionError for values that nobody may send
   */
  apply(payload: Buffer): number {
    if (payload.length % 6 !== 0) throw new ConnectionError(errorCode.frameSize, "SETTINGS of a wrong length");
    const before = this.initialWindowBytes;
    for (let offset = 0; offset < payload.length; offset += 6)
      this.#set(payload.readUInt16BE(offset), payload.readUInt32BE(offset + 2));
    return this.initialWindowBytes - before;
  }

  #set(id: number, value: number): void {
    switch (id) {
      case settingId.headerTableSize:
        this.tableSizeNamed = true;
        break;
      case settingId.enablePush:
        if (value > 1) throw new ConnectionError(errorCode.protocol, "ENABLE_PUSH must be 0 or 1");
        break;
      case settingId.initialWindowSize:
        if (value > largestWindowBytes)
          throw new ConnectionError(errorCode.flowControl, "INITIAL_WINDOW_SIZE is too large");
        this.initialWindowBytes = value;
        break;
      case settingId.maxFrameSize:
        if (value < defaultMaxFrameBytes || value > largestFrameBytes)
          throw new ConnectionError(errorCode.protocol, "MAX_FRAME_SIZE is out of range");
        break;
      default:
        break;
    }
  }
}
