import type { ServerResponse } from "node:http";
import type { ScreenModel } from "./model.ts";

const BOUNDARY = "frame";

/** The role of the camera whose live view a model shows. */
export function previewOf({ view }: ScreenModel): string | undefined {
  return "preview" in view ? view.preview?.replace("/preview/", "") : undefined;
}

/** Live views as the page loads them: images without an end. */
export class Previews {
  readonly #open = new Map<string, Set<ServerResponse>>();

  add(role: string, response: ServerResponse): void {
    const set = this.#open.get(role) ?? new Set();
    this.#open.set(role, set);
    set.add(response);
    response.writeHead(200, { "Content-Type": `multipart/x-mixed-replace; boundary=${BOUNDARY}` });
    response.flushHeaders();
    response.on("close", () => set.delete(response));
  }

  /** One frame; a page that has not taken the last one misses it. */
  frame(role: string, jpeg: Uint8Array): void {
    for (const response of this.#open.get(role) ?? []) {
      if (response.writableLength > 0) continue;
      response.write(`--${BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: ${jpeg.length}\r\n\r\n`);
      response.write(jpeg);
      response.write("\r\n");
    }
  }

  /**
   * Ends them all but one role's. A page has six connections: each view that it has not let go yet is one less for its
   * inputs.
   */
  end(but?: string): void {
    for (const [role, set] of this.#open) {
      if (role === but) continue;
      // No frame may come behind the end.
      this.#open.delete(role);
      for (const response of set) response.end();
    }
  }
}
