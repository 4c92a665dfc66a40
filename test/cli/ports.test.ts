import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect } from "chai";
import { claimPort } from "../../src/cli/ports.ts";

describe("claimPort", () => {
  it("gives any free port for 0, and that port again when it is asked for", async () => {
    const port = await claimPort("127.0.0.1", 0, "--port");
    expect(port).to.be.above(0);
    expect(await claimPort("127.0.0.1", port, "--port")).to.equal(port);
  });

  it("says what to do when the port is taken", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const error = await claimPort("127.0.0.1", port, "--admin-port").catch((thrown: Error) => thrown);
    server.close();
    expect(error).to.have.property(
      "message",
      `port ${port} on 127.0.0.1 is taken by another program; choose another with --admin-port (0 = any free one)`,
    );
  });

  it("says what is wrong with an address that is not this machine's", async () => {
    const error = await claimPort("192.0.2.1", 0, "--port").catch((thrown: Error) => thrown);
    expect(error)
      .to.have.property("message")
      .that.matches(/192\.0\.2\.1:0 cannot be listened on \(EADDRNOTAVAIL\).*--port/);
  });
});
