import type { IClientOptions } from "mqtt";

/** How every connection to a broker is made: one attempt, told whatever ends it, and nothing sent that we did not send. */
export const CONNECTION = {
  protocolVersion: 5,
  connectTimeout: 15_000,
  // 0: each attempt is ours. The other option is for a refusal, after which the package would stay silent.
  reconnectPeriod: 0,
  reconnectOnConnackError: true,
  queueQoSZero: false,
  resubscribe: false,
  manualConnect: true,
} satisfies IClientOptions;
