export * from "./collection-key.ts";
export * from "./documents.ts";
export * from "./envelope.ts";
export * from "./jws.ts";
export * from "./messages.ts";
export * from "./packet.ts";
export * from "./reference.ts";
export * from "./topics.ts";
