export { startVault, type VaultOptions } from "./vault.ts";
