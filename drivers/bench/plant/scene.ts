/** What stands in front of a camera. Persons by their bench id. */
export type Scene =
  | { kind: "empty" }
  | { kind: "person"; person: string }
  | { kind: "twoFaces"; person: string; other: string }
  | { kind: "dark"; person: string }
  | { kind: "small"; person: string }
  /** A telephone or card with this text as a QR code; `torn` hides a part of it. */
  | { kind: "code"; text: string; torn?: boolean | undefined }
  /** A document's envelope with its item code. */
  | { kind: "item"; code: string };

/** `frozen` repeats one picture, `silent` gives none. */
export type CameraFault = "ok" | "frozen" | "silent";

/** Draws a scene as a JPEG. `frame` counts up; equal frames give equal pictures. */
export type Draw = (scene: Scene, width: number, height: number, frame: number) => Promise<Uint8Array>;
