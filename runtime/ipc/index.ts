export * from "./frame.ts";
export * from "./messages.ts";
export * from "./peer.ts";
export * from "./socket.ts";
export * from "./watchdog.ts";
export * from "./wedged.ts";
