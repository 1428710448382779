/** What the core lays down for the provisioner, in the state's folder `inbox`: bundles, and the newest word of the time. */
export const INBOX = { folder: "inbox", bundle: ".kbundle", time: "time.jws" } as const;
