import type { Socket } from "node:net";
import { connect as connectTls, createServer, type Server } from "node:tls";
import { generate, type Packet, parser } from "mqtt-packet";
import type { TlsIdentity } from "../../fleet/server/index.ts";

export interface MqttProxy {
  url: string;
  /** Asked for each message to the unit; false loses it on the way, with the broker none the wiser. */
  passDown: (topic: string) => boolean;
  /** Told each message from the unit that the broker will get. */
  onUp: (topic: string) => void;
  /** Cuts everybody off. */
  cut(): void;
  close(): Promise<void>;
}

/**
 * Stands between unit and broker with the certificates of both, and can lose single messages: a broker that lies, or a
 * network that drops what was acknowledged.
 */
export async function startMqttProxy(options: {
  port: number;
  broker: { host: string; port: number };
  server: TlsIdentity;
  unit: TlsIdentity;
}): Promise<MqttProxy> {
  const sockets = new Set<Socket>();
  const proxy: MqttProxy = {
    url: `mqtts://localhost:${options.port}`,
    passDown: () => true,
    onUp: () => undefined,
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
    close: () => {
      proxy.cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  const { ca, cert, key } = options.server;
  const server: Server = createServer({ ca, cert, key, requestCert: true }, (unit) => {
    const broker = connectTls({
      ...options.broker,
      ca: options.unit.ca,
      cert: options.unit.cert,
      key: options.unit.key,
      servername: "localhost",
    });
    for (const [from, to, down] of [
      [unit, broker, false],
      [broker, unit, true],
    ] as const) {
      sockets.add(from);
      const reading = parser({ protocolVersion: 5 });
      reading.on("packet", (packet: Packet) => {
        if (packet.cmd === "publish" && down && !proxy.passDown(packet.topic)) {
          // the broker is told that it arrived
          if (packet.qos === 1)
            from.write(
              generate(
                { cmd: "puback", messageId: packet.messageId ?? 0, reasonCode: 0 },
                { protocolVersion: 5 },
              ),
            );
          return;
        }
        if (packet.cmd === "publish" && !down) proxy.onUp(packet.topic);
        to.write(generate(packet, { protocolVersion: 5 }));
      });
      from.on("data", (chunk) => reading.parse(chunk));
      from.on("error", () => from.destroy());
      from.on("close", () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(options.port, "127.0.0.1", resolve));
  return proxy;
}
