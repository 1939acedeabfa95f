export { loadConfig } from "./config/config.ts";
