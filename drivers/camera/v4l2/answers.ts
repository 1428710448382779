/** What `v4l2-ctl` prints about a camera. Pure; its text may name paths and never reaches a log. */

export interface CameraInfo {
  card: string;
  serial?: string;
  /** Whether it delivers pictures: a camera's second node delivers metadata only. */
  captures: boolean;
  /** Whether it can compress a picture itself. */
  mjpeg: boolean;
}

const field = (text: string, name: string): string | undefined =>
  new RegExp(`^\\s*${name}\\s*:\\s*(.+?)\\s*$`, "m").exec(text)?.[1]?.slice(0, 64);

/** From `--info --list-formats`; undefined where the text is none. */
export function readInfo(text: string): CameraInfo | undefined {
  const card = field(text, "Card type");
  if (!card) return undefined;
  const serial = field(text, "Serial");
  // The device's own capabilities stand after those of all its nodes.
  const own = text.slice(Math.max(0, text.indexOf("Device Caps")));
  return {
    card,
    ...(serial ? { serial } : {}),
    captures: /^\s*Video Capture\s*$/m.test(own),
    mjpeg: /'(MJPG|JPEG)'/.test(text),
  };
}

/** From `--try-fmt-video`: the size that the camera would really give; undefined for another format than JPEG pictures. */
export function readFormat(text: string): { width: number; height: number } | undefined {
  const size = /Width\/Height\s*:\s*(\d+)\/(\d+)/.exec(text);
  if (!size || !/Pixel Format\s*:\s*'(MJPG|JPEG)'/.test(text)) return undefined;
  return { width: Number(size[1]), height: Number(size[2]) };
}
