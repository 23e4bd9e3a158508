import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { DelayProxy } from "../support/delay-proxy.ts";

it("a far server answers after the round trip, and after another one where the connection is new, in order", async () => {
  const server = createServer((socket) => socket.pipe(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy = await DelayProxy.listen((server.address() as AddressInfo).port, 20);
  onTestFinished(() => {
    proxy.close();
    server.close();
  });
  const client = connect(proxy.port, "127.0.0.1").setEncoding("utf8");
  const received = async (length: number) => {
    let text = "";
    while (text.length < length) text += (await once(client, "data"))[0];
    return text;
  };
  const begin = performance.now();
  await once(client, "connect");

  client.write("a");
  expect(await received(1)).toBe("a");
  expect(performance.now() - begin).toBeGreaterThanOrEqual(78);

  const again = performance.now();
  const numbers = Array.from({ length: 200 }, (_, index) => String(index).padStart(4));
  for (const number of numbers) client.write(number);
  expect(await received(800)).toBe(numbers.join(""));
  expect(performance.now() - again).toBeGreaterThanOrEqual(38);

  client.end();
  await once(client, "end");
});
