/** What differs between the families (R503 manual V1.2.1; ZFM-20 manual). */
export interface Profile {
  model: string;
  imageWidth: number;
  imageHeight: number;
  resolutionDpi: number;
  templateFormat: string;
  /**
   * Whether LoadChar and DownChar respect the buffer number. The R503 ignores it, so that 1:1 there goes by a page of its
   * library that is cleared at once and again by `recover`.
   */
  buffersWork: boolean;
  hasAura: boolean;
  /** Whether the module can be restarted by command, which drops image and features from its memory. */
  hasSoftReset: boolean;
}

export const PROFILES = {
  r503: {
    model: "R503",
    imageWidth: 192,
    imageHeight: 192,
    resolutionDpi: 508,
    templateFormat: "ef01-r503-1536",
    buffersWork: false,
    hasAura: true,
    hasSoftReset: true,
  },
  zfm: {
    model: "ZFM-20",
    imageWidth: 256,
    imageHeight: 288,
    resolutionDpi: 500,
    templateFormat: "ef01-zfm-512",
    buffersWork: true,
    hasAura: false,
    hasSoftReset: false,
  },
} as const satisfies Record<string, Profile>;
export type ProfileName = keyof typeof PROFILES;
